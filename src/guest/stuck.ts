import type { GuestClock } from "./cpu/guest-clock.ts"

export interface StuckOptions {
  readonly clock: GuestClock
  /** How long a verb that is told to end may take to, milliseconds of the guest's time. */
  readonly graceMs: number
  /** So many that don't end are too many: each keeps a port. */
  readonly most: number
  /** Whether the guest waits for its storage: then nothing can be said yet. */
  readonly starved: () => boolean
  /** `wantOfCpu`: the last one had too little CPU to end, however long it was waited for. */
  readonly tooMany: (wantOfCpu: boolean) => void
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
    const { clock, graceMs, most, starved, tooMany } = this.#options
    let isStuck = false
    const wait = () =>
      clock.limit(graceMs, "The end of a verb", (late) => {
        if (starved()) return void (stop = wait())
        isStuck = true
        if (++this.#count >= most) tooMany(late.starved)
      })
    let stop = wait()
    return () => {
      stop()
      if (isStuck) this.#count--
      isStuck = false
    }
  }
}
