import { randomBytes } from "node:crypto"
import type { Socket } from "node:net"
import { RecoveryError } from "../api/reasons.ts"
import { LineSplitter } from "./lines.ts"

interface Waiting<T> {
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

const answer = /^(?:(ready|pong) ([0-9a-f]{8})(?: \d{1,12}\.\d{1,3})?|(exit) (\d{1,3}) (\d{1,3}))$/

/**
 * The agent's port `ctl`; appliance/agent describes its lines. Everything else it says, and every answer nobody waits for,
 * ends the connection: the agent may have been taken over by what a disk holds.
 */
export class Control {
  /** Resolves with the reason when the connection has ended. */
  readonly closed: Promise<Error>
  readonly #socket: Socket
  readonly #tags = new Map<string, Waiting<void>>()
  readonly #exits = new Map<number, Waiting<number>>()

  constructor(socket: Socket) {
    this.#socket = socket
    const lines = new LineSplitter(256)
    let failure: Error | undefined
    socket.on("data", (chunk) => {
      try {
        for (const line of lines.feed(chunk)) this.#receive(line.toString("latin1"))
      } catch (error) {
        failure ??= error as Error
        socket.destroy()
      }
    })
    socket.on("error", () => undefined)
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        const reason = failure ?? new RecoveryError("GuestFailed", "The micro-VM has ended.")
        for (const { reject } of [...this.#tags.values(), ...this.#exits.values()]) reject(reason)
        this.#tags.clear()
        this.#exits.clear()
        resolve(reason)
      })
    })
  }

  /**
   * Resolves when the agent runs. The line waits in the channel until the guest has booted. It brings randomness: a guest out
   * of a saved state has none of its own.
   */
  hello(): Promise<void> {
    return this.#ask("hello", randomBytes(32).toString("hex"))
  }

  /** Resolves when the agent's loop answers. */
  ping(): Promise<void> {
    return this.#ask("ping")
  }

  /** Starts a verb in a session; resolves with its exit code when it has ended. */
  run(session: number, nonce: string, verb: string, words: readonly string[]): Promise<number> {
    if (this.#exits.has(session)) throw new RecoveryError("Internal", `Session ${session} is still running.`)
    const ended = this.#wait(this.#exits, session)
    this.#send(["run", session, nonce, verb, ...words].join(" "))
    return ended
  }

  /** Ends a session; its exit is told as usual. */
  kill(session: number): void {
    this.#send(`kill ${session}`)
  }

  /** Has the guest unmount everything and switch itself off. */
  powerOff(): void {
    this.#send("poweroff")
  }

  close(): void {
    this.#socket.destroy()
  }

  #ask(verb: string, ...words: readonly string[]): Promise<void> {
    const tag = randomBytes(4).toString("hex")
    const answered = this.#wait(this.#tags, tag)
    this.#send([verb, tag, ...words].join(" "))
    return answered
  }

  #wait<K, T>(map: Map<K, Waiting<T>>, key: K): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    if (this.#socket.destroyed) reject(new RecoveryError("GuestFailed", "The micro-VM has ended."))
    else map.set(key, { resolve, reject })
    promise.catch(() => undefined) // whoever waits sees it; nobody may be waiting any more
    return promise
  }

  #send(line: string): void {
    if (!this.#socket.destroyed) this.#socket.write(`${line}\n`)
  }

  #receive(line: string): void {
    const [, asked, tag = "", exit, session, code] = answer.exec(line) ?? []
    if (exit !== undefined) take(this.#exits, Number(session)).resolve(Number(code))
    else if (asked !== undefined) take(this.#tags, tag).resolve()
    else throw new RecoveryError("ProtocolError", "The guest's agent sent a line it never sends.")
  }
}

function take<K, T>(map: Map<K, Waiting<T>>, key: K): Waiting<T> {
  const waiting = map.get(key)
  map.delete(key)
  if (waiting === undefined)
    throw new RecoveryError("ProtocolError", "The guest's agent answered what was never asked.")
  return waiting
}
