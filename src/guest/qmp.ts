import type { Socket } from "node:net"
import { setTimeout as delay } from "node:timers/promises"
import { RecoveryError } from "../api/reasons.ts"
import type { GuestClock } from "./cpu/guest-clock.ts"
import { LineSplitter } from "./lines.ts"
import { printable } from "./printable.ts"
import { awaitSocket } from "./socket.ts"
import { TooLate } from "./too-late.ts"

type Json = Record<string, unknown>
interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

const maxAnswerBytes = 16 << 20

/** How long QEMU may take to answer one command, milliseconds of the guest's time. */
export interface QmpLimit {
  readonly clock: GuestClock
  readonly commandMs: number
}

/** A QMP event, for instance `{event: "SHUTDOWN", data: {reason: "guest-panic"}}`. */
export interface QmpEvent {
  readonly event: string
  readonly data: Json
}

/** QEMU's control protocol (QMP): commands, answers by id, events. QEMU holds hostile data: its answers are not trusted. */
export class Qmp {
  /** Resolves with true when QEMU has greeted, with false when the connection ended before. */
  readonly greeted: Promise<boolean>
  /** Resolves when the connection has ended. */
  readonly closed: Promise<void>
  readonly #greet: (greeted: boolean) => void
  readonly #socket: Socket
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Set<(event: QmpEvent) => void>()
  readonly #limit: QmpLimit
  #nextId = 1

  constructor(socket: Socket, limit: QmpLimit) {
    this.#socket = socket
    this.#limit = limit
    const { promise, resolve: greet } = Promise.withResolvers<boolean>()
    this.greeted = promise
    this.#greet = greet
    const lines = new LineSplitter(maxAnswerBytes)
    socket.on("data", (chunk) => {
      try {
        for (const line of lines.feed(chunk)) this.#receive(line)
      } catch (error) {
        socket.destroy(error instanceof Error ? error : undefined)
      }
    })
    socket.on("error", () => undefined)
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        for (const { reject } of this.#waiting.values())
          reject(new RecoveryError("GuestFailed", "The micro-VM has ended."))
        this.#waiting.clear()
        this.#greet(false)
        resolve()
      })
    })
  }

  /** Runs a command. Rejects with GuestFailed and QEMU's words, or when there is no answer in time. */
  execute(command: string, args: Json = {}): Promise<unknown> {
    if (this.#socket.destroyed) return Promise.reject(new RecoveryError("GuestFailed", "The micro-VM has ended."))
    const id = this.#nextId++
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
    return new Promise((resolve, reject) => {
      const { clock, commandMs } = this.#limit
      const stop = clock.limit(commandMs, `QEMU's answer to ${command}`, (late) => {
        this.#waiting.delete(id)
        reject(new TooLate(`QEMU did not answer ${command}`, late))
      })
      const settled =
        <T>(settle: (value: T) => void) =>
        (value: T) => {
          stop()
          settle(value)
        }
      this.#waiting.set(id, { resolve: settled(resolve), reject: settled(reject) })
    })
  }

  get hasEnded(): boolean {
    return this.#socket.destroyed
  }

  onEvent(listener: (event: QmpEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(line: Buffer): void {
    const message: unknown = JSON.parse(line.toString())
    if (!isObject(message)) throw new RecoveryError("ProtocolError", "QEMU sent something that is no QMP message.")
    const { QMP: greeting, event, data, id, error } = message
    if (greeting !== undefined) return this.#greet(true)
    if (typeof event === "string") {
      for (const listener of this.#listeners) listener({ event, data: isObject(data) ? data : {} })
      return
    }
    const waiting = typeof id === "number" ? this.#waiting.get(id) : undefined
    if (waiting === undefined || typeof id !== "number") return
    this.#waiting.delete(id)
    if (error === undefined) waiting.resolve(message["return"])
    else waiting.reject(new RecoveryError("GuestFailed", `QEMU: ${description(error)}`))
  }
}

/**
 * Connects to the next QEMU that greets. One that is being killed takes connections until its last socket is closed and
 * never says a word: that is no guest that was lost, it is not there any more. Gives up when the signal says so.
 */
export async function awaitQmp(path: string, limit: QmpLimit, signal: AbortSignal): Promise<Qmp> {
  for (;;) {
    const qmp = new Qmp(await awaitSocket(path, signal), limit)
    const close = () => qmp.close()
    signal.addEventListener("abort", close, { once: true })
    const greeted = await qmp.greeted
    signal.removeEventListener("abort", close)
    if (greeted) return qmp
    await delay(25, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function description(error: unknown): string {
  return isObject(error) && typeof error["desc"] === "string" ? printable(Buffer.from(error["desc"]), 500) : "refused"
}
