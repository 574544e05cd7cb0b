import { once } from "node:events"
import { rm } from "node:fs/promises"
import { connect, createServer, type Socket } from "node:net"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"

/**
 * How the two containers of a restore pod know of each other: a unix socket in the directory they share. Whoever ends
 * closes it, however it ends; the only word ever said is one byte, "the guest will be switched off now".
 */
const socketPath = (dir: string) => join(dir, "sibling")

const lookAgainMs = 100

/** The guest's container, as the file service's sees it. */
export interface GuestSibling {
  /** Resolves when the guest's container, once it was there, is gone. */
  readonly gone: Promise<void>
  /** Says that the guest will be switched off on purpose. */
  sayReleased(): void
  /** Gives the other container a moment to come, so that it learns that nobody is here any more. */
  close(): Promise<void>
}

/** `comingMs`: how long `close` waits for a container that has not come yet. */
export async function awaitGuestSibling(dir: string, comingMs = 3000): Promise<GuestSibling> {
  const path = socketPath(dir)
  await rm(path, { force: true })
  const came = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  let sibling: Socket | undefined
  let released = false
  const server = createServer((socket) => {
    // QEMU can reach this socket, too: nothing is read from it, and only the first comer counts
    if (sibling !== undefined) return void socket.destroy()
    sibling = socket
    came.resolve()
    if (released) socket.write("r")
    socket
      .on("error", () => undefined)
      .on("close", () => gone.resolve())
      .resume()
  }).listen(path)
  await once(server, "listening")
  return {
    gone: gone.promise,
    sayReleased() {
      released = true
      sibling?.write("r")
    },
    async close() {
      const late = new AbortController()
      await Promise.race([came.promise, delay(comingMs, undefined, { signal: late.signal }).catch(() => undefined)])
      late.abort()
      const closed = new Promise((resolve) => server.close(resolve))
      sibling?.destroy()
      await closed
    },
  }
}

/** The file service's container, as the guest's sees it. */
export interface FilesSibling {
  readonly connected: boolean
  readonly released: boolean
  /** Resolves when the file service has said that the guest will be switched off, or is gone. */
  readonly farewell: Promise<void>
  /** Resolves when the file service's container, once it was there, is gone. */
  readonly gone: Promise<void>
}

/** Waits for the other container in the background, until the signal. */
export function findFilesSibling(dir: string, signal: AbortSignal): FilesSibling {
  const state = { connected: false, released: false }
  const farewell = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  const path = socketPath(dir)
  const find = async () => {
    for (;;) {
      const socket = connect(path)
      try {
        await once(socket, "connect", { signal })
        return socket
      } catch {
        socket.on("error", () => undefined).destroy()
        if (signal.aborted) return undefined
      }
      await delay(lookAgainMs, undefined, { signal }).catch(() => undefined)
    }
  }
  void find().then((socket) => {
    if (socket === undefined) return undefined
    state.connected = true
    signal.addEventListener("abort", () => socket.destroy(), { once: true })
    return socket
      .on("error", () => undefined)
      .on("data", () => {
        state.released = true
        farewell.resolve()
      })
      .on("close", () => {
        farewell.resolve()
        gone.resolve()
      })
  })
  return {
    get connected() {
      return state.connected
    },
    get released() {
      return state.released
    },
    farewell: farewell.promise,
    gone: gone.promise,
  }
}
