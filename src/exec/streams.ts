import { once } from "node:events"
import type { Writable } from "node:stream"
import type { FilesClient } from "../client/files-client.ts"

/** What a program of the container has to do with: the file service, and where it writes. */
export interface Surroundings {
  readonly files: FilesClient
  readonly out: Writable & { readonly isTTY?: boolean }
  readonly err: Writable
}

/** Writes no faster than it is read. */
export async function write(out: Writable, chunk: Buffer | string): Promise<void> {
  if (!out.write(chunk)) await once(out, "drain")
}
