import { type Backoff, backoffMs } from "./backoff.ts"
import { type Clock, systemClock } from "./clock.ts"

export interface WorkQueueOptions {
  /** Does the work of one key. What it throws is reported and the key comes again, later each time. */
  readonly work: (key: string) => Promise<{ readonly requeueAfterMs?: number } | void>
  readonly workers: number
  /** The wait of a key that fails, from the first to the longest. */
  readonly backoff?: Backoff
  readonly onFailure?: (key: string, error: unknown, waitMs: number) => void
  /** A worker takes a key whose turn had come so many seconds before. */
  readonly onTaken?: (key: string, waitedSeconds: number) => void
  readonly onDone?: (key: string, seconds: number, failed: boolean) => void
  readonly clock?: Clock
  readonly random?: () => number
}

/**
 * Keys to be worked on. A key that is added many times before its turn is worked on once; one that is added while it
 * is being worked on is worked on again afterwards, never twice at the same time.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions
  readonly #clock: Clock
  /** Whose turn it is, in order, and since when. */
  readonly #waiting = new Map<string, number>()
  /** Being worked on; true when the key was added again meanwhile. */
  readonly #working = new Map<string, boolean>()
  readonly #delayed = new Map<string, { readonly at: number; readonly cancel: () => void }>()
  readonly #failures = new Map<string, number>()
  readonly #visitors = new Map<string, ((succeeded: boolean) => void)[]>()
  #startedAt: number | undefined
  #stopped = false
  #idle: (() => void) | undefined

  constructor(options: WorkQueueOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  /** Keys whose turn has come and that no worker has taken yet. */
  get depth(): number {
    return this.#waiting.size
  }

  get working(): number {
    return this.#working.size
  }

  /** Before this, keys are only collected. */
  start(): void {
    this.#startedAt = this.#clock.now()
    this.#dispatch()
  }

  add(key: string): void {
    if (this.#stopped) return
    this.#undelay(key)
    if (this.#working.has(key)) this.#working.set(key, true)
    else if (!this.#waiting.has(key)) this.#waiting.set(key, this.#clock.now())
    this.#dispatch()
  }

  /** Adds the key; true when the work that begins after this call succeeds, false when it fails or the queue is stopped. */
  visit(key: string): Promise<boolean> {
    if (this.#stopped) return Promise.resolve(false)
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#visitors.set(key, [...(this.#visitors.get(key) ?? []), resolve])
    this.add(key)
    return promise
  }

  /** The earliest of several wishes counts. */
  addAfter(key: string, ms: number): void {
    if (this.#stopped) return
    if (ms <= 0) return this.add(key)
    const at = this.#clock.now() + ms
    const known = this.#delayed.get(key)
    if (known && known.at <= at) return
    known?.cancel()
    // a timer holds at most 2^31 - 1 ms; who is woken too early only looks once too often
    const cancel = this.#clock.after(Math.min(ms, 2 ** 31 - 1), () => this.add(key))
    this.#delayed.set(key, { at, cancel })
  }

  /** Adds the key after its own back-off, which grows with each call until `forget`. Returns the wait in milliseconds. */
  addRateLimited(key: string): number {
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    const { backoff = { firstMs: 250, capMs: 60_000 }, random } = this.#options
    const waitMs = backoffMs(backoff, failures, random)
    this.addAfter(key, waitMs)
    return waitMs
  }

  forget(key: string): void {
    this.#failures.delete(key)
  }

  /** Takes no more work and resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true
    for (const { cancel } of this.#delayed.values()) cancel()
    this.#delayed.clear()
    this.#waiting.clear()
    for (const tell of [...this.#visitors.values()].flat()) tell(false)
    this.#visitors.clear()
    if (this.#working.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
  }

  #undelay(key: string): void {
    this.#delayed.get(key)?.cancel()
    this.#delayed.delete(key)
  }

  #dispatch(): void {
    if (this.#startedAt === undefined || this.#stopped) return
    for (const [key, since] of this.#waiting) {
      if (this.#working.size >= this.#options.workers) return
      this.#waiting.delete(key)
      this.#working.set(key, false)
      // what was collected before the start has waited for the start, not for a worker
      this.#options.onTaken?.(key, (this.#clock.now() - Math.max(since, this.#startedAt)) / 1000)
      void this.#run(key)
    }
  }

  async #run(key: string): Promise<void> {
    const { work, onFailure, onDone } = this.#options
    const started = this.#clock.now()
    const visitors = this.#visitors.get(key) ?? []
    this.#visitors.delete(key)
    let failed = false
    try {
      const result = await work(key)
      this.forget(key)
      if (result?.requeueAfterMs !== undefined) this.addAfter(key, result.requeueAfterMs)
    } catch (error) {
      failed = true
      const waitMs = this.addRateLimited(key)
      onFailure?.(key, error, waitMs)
    }
    onDone?.(key, (this.#clock.now() - started) / 1000, failed)
    for (const tell of visitors) tell(!failed)
    const again = this.#working.get(key)
    this.#working.delete(key)
    if (again === true && !this.#stopped) this.add(key)
    this.#dispatch()
    if (this.#stopped && this.#working.size === 0) this.#idle?.()
  }
}
