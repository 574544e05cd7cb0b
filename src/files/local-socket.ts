import { chmod, rm } from "node:fs/promises"
import type { Server } from "node:http"
import { listening } from "./servers.ts"

/** Listens on a unix socket that nobody but the service's own user may open. One that a process before has left is replaced. */
export async function listenLocally(server: Server, path: string): Promise<void> {
  await rm(path, { force: true })
  await listening(server, { path })
  await chmod(path, 0o600)
}
