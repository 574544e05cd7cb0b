import { chmod, lstat, unlink } from "node:fs/promises"
import { createServer, type Server, type Socket } from "node:net"
import type { BaseLogger } from "pino"
import { RecoveryError } from "../api/reasons.ts"
import { BufferPool } from "../block/buffer-pool.ts"
import { ByteBudget } from "../block/byte-budget.ts"
import type { BlockDevice } from "../block/device.ts"
import { serveConnection } from "./connection.ts"

export interface NbdOptions {
  /** Where the unix socket is made; one that a former process left is replaced. */
  readonly path: string
  /** Disks by export name. They stay the caller's to close. */
  readonly exports: ReadonlyMap<string, BlockDevice>
  readonly log: BaseLogger
  /** Mode of the socket: who may connect. 0600 unless QEMU runs as another user of the same group (0660). */
  readonly mode?: number
}

export interface NbdServer {
  /** Ends all connections, stops listening, removes the socket. */
  close(): Promise<void>
}

/** Clients at once; QEMU makes one connection per disk, or a few. */
const maxConnections = 256
/** Bytes of replies in memory at once, of all connections together; the file service's container has 512 MiB. */
const maxBytes = 64 * 1024 * 1024

/** Offers disks read-only over NBD (fixed newstyle, simple replies) on a unix socket. */
export async function serveNbd({ path, exports, log, mode = 0o600 }: NbdOptions): Promise<NbdServer> {
  const sockets = new Set<Socket>()
  const memory = { pool: new BufferPool(), budget: new ByteBudget(maxBytes) }
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
    serveConnection(socket, exports, memory, log)
  })
  server.maxConnections = maxConnections
  await removeOldSocket(path)
  await listen(server, path)
  await chmod(path, mode)
  return {
    close: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new RecoveryError("Internal", `no NBD socket at ${path}: ${cause.message}`, { cause })),
    )
    server.listen(path, resolve)
  })
}

/** Anything but a socket is left alone; listening then fails and says so. */
async function removeOldSocket(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined)
  if (stats?.isSocket()) await unlink(path)
}
