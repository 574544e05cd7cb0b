import { type Clock, sleep, systemClock } from "./clock.ts"

/** Requests per second, and how many may go at once after a pause. */
export interface Rate {
  readonly qps: number
  readonly burst: number
}

/** A token bucket: protects the API server from us, whatever goes wrong here. Waiters are served in order. */
export class RateLimit {
  readonly #rate: Rate
  readonly #clock: Clock
  #tokens: number
  #at: number

  constructor(rate: Rate, clock: Clock = systemClock) {
    this.#rate = rate
    this.#clock = clock
    this.#tokens = rate.burst
    this.#at = clock.now()
  }

  /** Takes one token. Waits in debt when there is none: the bucket goes below zero and each waiter has its own moment. */
  async take(signal?: AbortSignal): Promise<void> {
    const now = this.#clock.now()
    const refilled = this.#tokens + ((now - this.#at) / 1000) * this.#rate.qps
    this.#tokens = Math.min(this.#rate.burst, refilled) - 1
    this.#at = now
    if (this.#tokens < 0) await sleep((-this.#tokens / this.#rate.qps) * 1000, signal, this.#clock)
  }
}
