import type { Socket } from "node:net"

/** The library writes a packet, which holds 32 KiB at most, in three pieces. What `write` writes goes out as one. */
export function together<T>(socket: Socket, write: () => T): T {
  socket.cork()
  try {
    return write()
  } finally {
    socket.uncork()
  }
}

/**
 * The same for what the library writes because it has heard the client: mostly data that waited for the client's window.
 * To be called before the library listens.
 */
export function answerTogether(socket: Socket): void {
  socket.on("data", () => {
    socket.cork()
    process.nextTick(() => socket.uncork())
  })
}
