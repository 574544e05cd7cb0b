import { once } from "node:events"
import { rm } from "node:fs/promises"
import { connect, createServer, type Socket } from "node:net"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"

/**
 * How the two containers of a restore pod know of each other: a unix socket in the directory they share. Whoever ends
 * closes it, however it ends; all that is ever said is one byte: "the guest will be switched off now", or "no guest will do".
 */
const socketPath = (dir: string) => join(dir, "sibling")

const words = { released: "r", givenUp: "g" } as const
const lookAgainMs = 100

/** The guest's container, as the file service's sees it. */
export interface GuestSibling {
  /** Resolves when the guest's container, once it was there, is gone. */
  readonly gone: Promise<void>
  /** Says that the guest will be switched off on purpose. */
  sayReleased(): void
  /** Says that no other guest is wanted, as they all end: how the last one did is for the other container to tell. */
  sayGivenUp(): void
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
  let said: string | undefined
  const say = (word: string) => {
    said ??= word
    sibling?.write(word)
  }
  const server = createServer((socket) => {
    // QEMU can reach this socket, too: nothing is read from it, and only the first comer counts
    if (sibling !== undefined) return void socket.destroy()
    sibling = socket
    came.resolve()
    if (said !== undefined) socket.write(said)
    socket
      .on("error", () => undefined)
      .on("close", () => gone.resolve())
      .resume()
  }).listen(path)
  await once(server, "listening")
  return {
    gone: gone.promise,
    sayReleased: () => say(words.released),
    sayGivenUp: () => say(words.givenUp),
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
  readonly givenUp: boolean
  /** Resolves when the file service has said that the guest will be switched off or that no other is wanted, or is gone. */
  readonly farewell: Promise<void>
  /** Resolves when the file service's container, once it was there, is gone. */
  readonly gone: Promise<void>
}

/** Waits for the other container in the background, until the signal. */
export function findFilesSibling(dir: string, signal: AbortSignal): FilesSibling {
  const state = { connected: false, released: false, givenUp: false }
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
      .on("data", (said) => {
        if (said.includes(words.givenUp)) state.givenUp = true
        else state.released = true
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
    get givenUp() {
      return state.givenUp
    },
    farewell: farewell.promise,
    gone: gone.promise,
  }
}
