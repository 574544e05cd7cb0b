/** How long a peer may be silent, in milliseconds: after the first it is pinged, after both together it is dead. */
export interface Patience {
  readonly pingAfterMs: number
  readonly deadAfterMs: number
}

/** Finds dead peers. It has no clock of its own: the caller asks from time to time and says what time it is. */
export class SilenceWatch {
  readonly #patience: Patience
  #heardAt: number
  #pingedAt: number | undefined

  constructor(patience: Patience, now: number) {
    this.#patience = patience
    this.#heardAt = now
  }

  /** The peer gave a sign of life. */
  heard(now: number): void {
    this.#heardAt = now
    this.#pingedAt = undefined
  }

  /** What to do now. "ping" is said once per silence. */
  check(now: number): "fine" | "ping" | "dead" {
    if (this.#pingedAt !== undefined) return now - this.#pingedAt >= this.#patience.deadAfterMs ? "dead" : "fine"
    if (now - this.#heardAt < this.#patience.pingAfterMs) return "fine"
    this.#pingedAt = now
    return "ping"
  }
}
