import { once } from "node:events"
import { connect, type OnReadOpts, type Socket } from "node:net"
import { setTimeout as delay } from "node:timers/promises"
import { RecoveryError } from "../api/reasons.ts"

/** Told of what comes; its bytes are others as soon as it returns. */
export type Received = (chunk: Buffer) => void

/** Bytes that are read at once into memory that is used again. */
const receiveBytes = 256 << 10

/**
 * Connects to a unix socket of QEMU. Rejects with GuestFailed when nobody listens. With `received` all that comes goes there,
 * from one buffer: with new memory for each read, large files took this side half as much CPU again (docs/speed.md).
 */
export async function connectSocket(path: string, signal?: AbortSignal, received?: Received): Promise<Socket> {
  signal?.throwIfAborted()
  const socket = connect({ path, ...(received && { onread: into(received) }) })
  try {
    await once(socket, "connect", signal === undefined ? {} : { signal })
  } catch (cause) {
    socket.destroy()
    socket.on("error", () => undefined)
    signal?.throwIfAborted()
    throw new RecoveryError("GuestFailed", `Nobody answers at ${path}: the micro-VM is not running.`, { cause })
  }
  return socket
}

function into(received: Received): OnReadOpts {
  const buffer = Buffer.allocUnsafeSlow(receiveBytes)
  const callback = (count: number) => {
    received(buffer.subarray(0, count))
    return true
  }
  return { buffer, callback }
}

/** The same for a socket that QEMU, perhaps in another container, has yet to make. Gives up when the signal says so. */
export async function awaitSocket(path: string, signal: AbortSignal): Promise<Socket> {
  for (;;) {
    try {
      return await connectSocket(path, signal)
    } catch (error) {
      if (signal.aborted || !isAbsent(error)) throw error
    }
    await delay(25, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

function isAbsent(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined
  return code === "ENOENT" || code === "ECONNREFUSED"
}
