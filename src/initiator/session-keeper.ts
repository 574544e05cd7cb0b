import { setTimeout as delay } from "node:timers/promises"
import type { BaseLogger } from "pino"
import { RecoveryError } from "../api/reasons.ts"
import { WordlessEnd } from "./dial.ts"
import type { InitiatorLimits } from "./options.ts"
import type { Session } from "./session.ts"

/** `failed` is for good: the outage lasted too long, or the target refuses us. */
export type InitiatorState = "connecting" | "connected" | "reconnecting" | "closed" | "failed"

export interface SessionKeeperOptions {
  readonly limits: InitiatorLimits
  readonly log: BaseLogger
  /** One attempt: dial, log in, look at the disks. */
  readonly connect: () => Promise<Session>
}

/** A session that lasted at least this long, in milliseconds, makes the next outage a new one. */
const soundAfterMs = 10_000
/** So many hang-ups in place of a login answer, one after the other, are taken for a refusal. */
const mostWordlessEnds = 5

/** Keeps a session: when it is lost, makes a new one, with pauses that grow, until it is told to stop or gives up. */
export class SessionKeeper {
  readonly #options: SessionKeeperOptions
  readonly #listeners = new Set<(state: InitiatorState) => void>()
  readonly #stopped = new AbortController()
  #state: InitiatorState = "connecting"
  #next = Promise.withResolvers<Session>()
  #current: Session | undefined
  #outageSince = performance.now()
  #attempts = 0
  #wordlessEnds = 0

  constructor(options: SessionKeeperOptions) {
    this.#options = options
    this.#next.promise.catch(() => {}) // nobody may be waiting when it fails
    void this.#run()
  }

  get state(): InitiatorState {
    return this.#state
  }

  /** Calls back at each change; returns how to stop that. */
  onState(listener: (state: InitiatorState) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** The session there is, or the next one. Rejects when there won't be any. */
  session(): Promise<Session> {
    return this.#next.promise
  }

  /** Logs out, if there is a session, and makes no new one. */
  async close(): Promise<void> {
    const session = this.#current
    this.#over("closed", new RecoveryError("ConnectionLost", "the initiator is logged out"))
    await session?.logOut()
  }

  /** Ends at once. */
  abort(why: RecoveryError): void {
    const session = this.#current
    this.#over("closed", why)
    session?.destroy(why)
  }

  async #run(): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      try {
        const session = await this.#options.connect()
        if (this.#stopped.signal.aborted) return await session.logOut()
        await this.#keep(session)
      } catch (error) {
        this.#note(error)
      }
      await this.#pause()
    }
  }

  /** Returns when the session has ended. */
  async #keep(session: Session): Promise<void> {
    const since = performance.now()
    this.#current = session
    session.onLogOutRequested = () => {
      this.#options.log.info("the target asks to log out")
      this.#lost()
      void session.logOut()
    }
    this.#next.resolve(session)
    this.#change("connected")
    const why = await session.ended
    if (this.#stopped.signal.aborted) return
    this.#options.log.warn({ reason: why.message }, "session lost; connecting again")
    if (performance.now() - since >= soundAfterMs) this.#attempts = 0
    this.#lost()
  }

  /** From now on readers wait for the next session. */
  #lost(): void {
    if (!this.#current) return
    this.#forget()
    this.#change("reconnecting")
  }

  #forget(): void {
    if (!this.#current) return
    this.#current = undefined
    this.#outageSince = performance.now()
    this.#next = Promise.withResolvers()
    this.#next.promise.catch(() => {})
  }

  #note(error: unknown): void {
    const why =
      error instanceof RecoveryError ? error : new RecoveryError("ProtocolError", String(error), { cause: error })
    this.#options.log.info({ reason: why.message, attempt: this.#attempts }, "no session with the target")
    this.#wordlessEnds = why instanceof WordlessEnd ? this.#wordlessEnds + 1 : 0
    const isRefusal = why.code === "LoginRefused" || this.#wordlessEnds >= mostWordlessEnds
    const lasted = performance.now() - this.#outageSince
    if (isRefusal) this.#over("failed", new RecoveryError("LoginRefused", why.message, { cause: why }))
    else if (lasted > this.#options.limits.giveUpAfterMs) {
      const message = `given up after ${Math.round(lasted / 1000)} s without a session: ${why.message}`
      this.#over("failed", new RecoveryError("ConnectionLost", message, { cause: why }))
    }
  }

  async #pause(): Promise<void> {
    const { firstMs, mostMs } = this.#options.limits.backOff
    const longest = Math.min(mostMs, firstMs * 2 ** Math.min(this.#attempts++, 20))
    const milliseconds = longest * (0.5 + Math.random() / 2) // so that many initiators don't come back at once
    await delay(milliseconds, undefined, { signal: this.#stopped.signal }).catch(() => {})
  }

  #over(state: "closed" | "failed", why: RecoveryError): void {
    if (this.#stopped.signal.aborted) return
    this.#stopped.abort()
    this.#forget()
    this.#next.reject(why)
    this.#change(state)
  }

  #change(state: InitiatorState): void {
    if (this.#state === state || this.#state === "closed" || this.#state === "failed") return
    this.#state = state
    for (const listener of this.#listeners) listener(state)
  }
}
