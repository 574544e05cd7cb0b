import type { Logger } from "pino"
import { MAX_SKEW_MS } from "../pki/validity.ts"

export interface LifetimeOptions {
  /** When the pod ends by itself, by the clock of whoever wrote it down; with MAX_SKEW_MS more, unless it is told. */
  readonly deadline: Date
  /** The session's hard end, by a clock that is right: by ours, which may be ahead, no deadline is MAX_SKEW_MS later. */
  readonly hardEnd: Date
  /** Lets go of everything; called once, after `signal` was aborted. What takes long in it ends with `hurry`. */
  release(): Promise<void>
  /** At its deadline, too, it may take its time for the release, until the hard end. */
  readonly unhurried?: boolean
  readonly log: Pick<Logger, "info" | "error">
}

/** How long the end of the process waits for the release: less than the pod's grace period of 60 s. */
const releaseLimitMs = 50_000
/** How long the process answers status after a release that was asked for. */
const lingerMs = 10 * 60_000
/** How long one that nobody told to release waits until its last numbers are asked for. */
const lastWordsMs = 3000

/** Timers follow the monotonic clock and the deadline the wall clock, so it is looked at again this often. */
const lookAgainMs = 30_000

/**
 * The life of a pod's process: it ends at its deadline, on SIGTERM, or some time after a release was asked for, and lets
 * go of everything exactly once before.
 * ```
 *   Running --release()--> Releasing --released--> Released --linger--> ended
 *      +--------- deadline, end() --------------------------------------^   (hurries the release, waits up to limits)
 * ```
 */
export class Lifetime {
  /** Resolves when the process shall exit. */
  readonly ended: Promise<void>
  #state: "Running" | "Releasing" | "Released" = "Running"
  #deadline: number
  #released: Promise<void> | undefined
  #deadlineTimer: NodeJS.Timeout | undefined
  readonly #abort = new AbortController()
  readonly #hurry = new AbortController()
  readonly #end = Promise.withResolvers<void>()
  /** Somebody follows what it counts. */
  #isFollowed = false
  readonly #heard = Promise.withResolvers<void>()
  readonly #options: LifetimeOptions

  constructor(options: LifetimeOptions) {
    this.#options = options
    this.ended = this.#end.promise
    this.#deadline = Math.min(options.deadline.getTime() + MAX_SKEW_MS, this.#latest)
    this.#watchDeadline()
  }

  get state(): "Running" | "Releasing" | "Released" {
    return this.#state
  }

  /** By our clock. */
  get deadline(): Date {
    return new Date(this.#deadline)
  }

  /** Aborted as soon as the release begins. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Aborted when the release is to take no longer than letting go takes. */
  get hurry(): AbortSignal {
    return this.#hurry.signal
  }

  /**
   * Moves the deadline, at most to the hard end. Both times are of one clock, not necessarily ours: what counts is how
   * long it is from one to the other. Too late once the release has begun.
   */
  setDeadline(deadline: Date, now: Date): void {
    if (this.#state !== "Running") return
    this.#deadline = Math.min(Date.now() + deadline.getTime() - now.getTime(), this.#latest)
    this.#watchDeadline()
  }

  get #latest(): number {
    return this.#options.hardEnd.getTime() + MAX_SKEW_MS
  }

  /**
   * Begins the release, unless it has begun, and stays afterwards for those who ask how it went. It hurries unless it is
   * told that there is time; asked for once more, an unhurried one can be hurried.
   */
  release(why: string, { unhurried = false } = {}): void {
    if (!unhurried) this.#hurry.abort()
    void this.#release(why).then(
      () => this.#endWithin(lingerMs),
      () => undefined, // stays Releasing: the operator sees it; deadline and SIGTERM still end the process
    )
  }

  /** The operator was told of this state, with the numbers that go with it. */
  told(state: string): void {
    this.#isFollowed = true
    if (state === "Released") this.#heard.resolve()
  }

  /**
   * Releases, waits for it up to the limit, and ends. Whoever followed its numbers gets a moment to ask for the last ones,
   * which are gone with the process: a pod that is deleted is asked as soon as the operator sees it.
   */
  end(why: string, { isFailure = false } = {}): void {
    clearTimeout(this.#deadlineTimer)
    this.#hurry.abort()
    this.#endWithin(releaseLimitMs)
    void this.#release(why).then(
      () => {
        if (isFailure || !this.#isFollowed) return this.#finish()
        this.#endWithin(lastWordsMs)
        return void this.#heard.promise.then(() => this.#finish())
      },
      () => this.#finish(),
    )
  }

  #release(why: string): Promise<void> {
    if (this.#released === undefined) {
      this.#state = "Releasing"
      this.#options.log.info({ why }, "releasing")
      this.#abort.abort()
      this.#released = this.#letGo()
    }
    return this.#released
  }

  async #letGo(): Promise<void> {
    try {
      await this.#options.release()
    } catch (error) {
      this.#options.log.error({ err: error }, "the release failed")
      throw error
    }
    this.#state = "Released"
    this.#options.log.info("released")
  }

  #watchDeadline(): void {
    clearTimeout(this.#deadlineTimer)
    if (this.#deadline <= Date.now() && this.#hasTimeAfterwards()) {
      this.#deadline = this.#latest
      this.release("TtlEnded", { unhurried: true })
    }
    const left = this.#deadline - Date.now()
    if (left <= 0) this.end("TtlEnded")
    else this.#deadlineTimer = setTimeout(() => this.#watchDeadline(), Math.min(left, lookAgainMs))
  }

  #hasTimeAfterwards(): boolean {
    return this.#options.unhurried === true && !this.#hurry.signal.aborted && this.#deadline < this.#latest
  }

  /** The earliest end counts. */
  #endWithin(ms: number): void {
    const timer = setTimeout(() => this.#finish(), ms)
    void this.ended.then(() => clearTimeout(timer))
  }

  #finish(): void {
    clearTimeout(this.#deadlineTimer)
    this.#end.resolve()
  }
}
