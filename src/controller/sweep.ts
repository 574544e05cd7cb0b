import { MINUTE } from "../api/duration.ts"
import { type Clock, sleep, systemClock } from "../kube/clock.ts"

const INTERVAL_MS = 10 * MINUTE

export interface SweepOptions {
  /** Keys of what may be orphans, as far as the mirrors know. */
  readonly suspects: () => readonly string[]
  /** Has the queue work on a key; false: that failed, and is tried again there. */
  readonly visit: (key: string) => Promise<boolean>
  /** A sweep at whose end it was clear what each suspect was. */
  readonly onSwept: () => void
  /** Aborts to stop: with the lease. */
  readonly signal: AbortSignal
  readonly clock?: Clock
}

/**
 * Looks for orphans at once and then every 10 minutes, counted from the first: what no watch told of, or nobody had
 * while no operator led. All work is the queue's, so that nothing is worked on twice at the same time. Resolves when the
 * signal aborts.
 */
export async function sweepForOrphans({
  suspects,
  visit,
  onSwept,
  signal,
  clock = systemClock,
}: SweepOptions): Promise<void> {
  const first = clock.now()
  while (!signal.aborted) {
    const outcomes = await Promise.all(suspects().map((key) => visit(key)))
    if (outcomes.every(Boolean)) onSwept()
    // one that took longer than that leaves a beat out
    const passed = clock.now() - first
    await sleep(INTERVAL_MS - (passed % INTERVAL_MS), signal, clock)
  }
}
