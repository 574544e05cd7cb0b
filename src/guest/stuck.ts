export interface StuckOptions {
  /** How long a verb that is told to end may take to, milliseconds. */
  readonly graceMs: number
  /** So many that don't end are too many: each keeps a port. */
  readonly most: number
  /** Whether the guest waits for its storage: then nothing can be said yet. */
  readonly starved: () => boolean
  readonly tooMany: () => void
}

/** Verbs that were told to end and don't: they hang in the guest's kernel. Whoever waits for storage ends when that is back. */
export class Stuck {
  readonly #options: StuckOptions
  #count = 0

  constructor(options: StuckOptions) {
    this.#options = options
  }

  /** A verb was told to end; what is returned says that it has. */
  told(): () => void {
    const { graceMs, most, starved, tooMany } = this.#options
    let isStuck = false
    const timer = setInterval(() => {
      if (starved()) return
      clearInterval(timer)
      isStuck = true
      if (++this.#count >= most) tooMany()
    }, graceMs).unref()
    return () => {
      clearInterval(timer)
      if (isStuck) this.#count--
    }
  }
}
