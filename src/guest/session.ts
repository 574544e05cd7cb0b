import { randomBytes } from "node:crypto"
import type { Socket } from "node:net"
import type { Deed } from "./blame.ts"
import type { Control } from "./control.ts"
import type { GuestClock } from "./cpu/guest-clock.ts"
import type { UnderWay } from "./history.ts"
import type { PortPool } from "./port-pool.ts"
import { connectSocket, type Received } from "./socket.ts"
import type { Stuck } from "./stuck.ts"
import { encodeWord } from "./words.ts"

/** A verb that runs in the guest, on a port of its own. */
export interface Session {
  readonly socket: Socket
  readonly nonce: string
  /** Says that its deed begins; what is returned says that it has ended, as does the end of the verb. */
  readonly begin: () => () => void
  /**
   * Ends the verb if it still runs. The port is free again when the guest has said that it ended, which can take as long as
   * a disk does not answer: nobody has to wait for that.
   */
  readonly close: () => void
}

export interface SessionHost {
  /** Directory of the sockets. */
  readonly dir: string
  readonly control: Control
  readonly ports: PortPool
  readonly underWay: UnderWay
  readonly stuck: Stuck
  readonly clock: GuestClock
}

export interface SessionOptions {
  readonly signal?: AbortSignal | undefined
  /** What the verb does with what is on the disks, while it runs; what `sftp` does begins with each request. */
  readonly deed?: Deed | undefined
  /** Told of what comes, in place of the socket's readers. */
  readonly received?: Received | undefined
}

export type Word = string | Buffer

/** Starts a verb; waits for a port if all are taken. The socket ends when the verb dies without a proper end. */
export async function openSession(
  host: SessionHost,
  verb: string,
  words: readonly Word[],
  { signal, deed, received }: SessionOptions = {},
): Promise<Session> {
  const encoded = words.map((word) => encodeWord(Buffer.from(word)))
  const { control, ports, underWay, stuck } = host
  const port = await ports.lease(signal)
  let socket: Socket
  try {
    socket = await connectSocket(`${host.dir}/s${port}`, signal, received)
  } catch (error) {
    ports.release(port)
    throw error
  }
  socket.on("error", () => undefined)
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()))
  const nonce = randomBytes(16).toString("hex")
  const begun = new Set<() => void>()
  const begin = () => {
    if (deed === undefined) return () => undefined
    const end = underWay.begin(deed)
    begun.add(end)
    return () => {
      begun.delete(end)
      end()
    }
  }
  if (verb !== "sftp") begin()
  let running = true
  let unstuck: (() => void) | undefined
  const follow = async () => {
    try {
      const code = await control.run(port, nonce, verb, encoded)
      running = false
      unstuck?.()
      for (const end of begun) end()
      // a verb that ended well has said so on its port; sftp says nothing, so nothing more will come
      if (code !== 0 || verb === "sftp") socket.destroy()
      await closed
      ports.release(port)
    } catch {
      unstuck?.()
      socket.destroy() // the guest is gone
    }
  }
  void follow()
  const close = () => {
    socket.destroy()
    if (!running) return
    control.kill(port)
    unstuck ??= stuck.told()
  }
  return { socket, nonce, begin, close }
}
