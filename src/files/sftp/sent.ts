import type { Socket } from "node:net"
import type { Connection, ServerChannel } from "ssh2"
import { within } from "../within.ts"

/**
 * Most that may wait for the network, bytes. The library sends what the client's window has room for, whether the network takes
 * it or not, and a window is as large as the client says; it also answers whatever it is asked, even before a login.
 */
const mostUnsent = 1 << 20

/** Where the answers of one session go. */
export interface Outlet {
  readonly client: Connection
  readonly channel: ServerChannel
  readonly socket: Socket
  /** The client has closed the session, or the connection: the channel itself tells that only when all of it was read. */
  readonly gone: AbortSignal
  readonly stallMs: number
}

/**
 * Sends the pieces of a packet. When it ends they are the caller's again: the library has encrypted them, which it does when
 * the client's window has room. Rejects with ConnectionLost when the client is gone or takes nothing for `stallMs`.
 */
export async function sent(
  pieces: readonly Buffer[],
  { client, channel, socket, gone, stallMs }: Outlet,
): Promise<void> {
  const before = socket.bytesWritten
  await within(gone, stallMs, (done) => {
    // the library writes a packet of SSH, which holds 32 KiB at most, in three pieces: these go out as one
    socket.cork()
    for (const [index, piece] of pieces.entries()) channel.write(piece, index === pieces.length - 1 ? done : undefined)
    socket.uncork()
  })
  // from when the client asks for new keys until it has them the library keeps what it is given, however much that is
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0)
  if (socket.bytesWritten - before < bytes) await within(gone, stallMs, (done) => client.once("rekey", done))
  if (socket.writableLength > mostUnsent) await within(gone, stallMs, (done) => socket.once("drain", done))
}

/**
 * The same for what the library writes because it has heard the client: mostly data that waited for the client's window.
 * Who doesn't take it is not heard meanwhile. To be called before the library listens.
 */
export function answerTogether(socket: Socket): void {
  socket.on("data", () => {
    socket.cork()
    process.nextTick(() => {
      socket.uncork()
      if (socket.writableLength <= mostUnsent || socket.isPaused()) return
      socket.pause()
      socket.once("drain", () => socket.resume())
    })
  })
}
