import type { GuestClock } from "./cpu/guest-clock.ts"
import { TooLate } from "./too-late.ts"

export interface InTime {
  readonly clock: GuestClock
  /** Milliseconds of the guest's time. */
  readonly ms: number
  /** Says what did not happen, as the sentence of TooLate that goes on with how late it is. */
  readonly late: string
  readonly signal: AbortSignal | undefined
}

/** Runs work that obeys a signal, in time. Rejects with TooLate when time is up, and with the caller's reason when its signal aborts. */
export async function inTime<T>(
  { clock, ms, late: what, signal }: InTime,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController()
  const stop = clock.limit(ms, what, (late) => limit.abort(new TooLate(what, late)))
  try {
    return await work(signal === undefined ? limit.signal : AbortSignal.any([signal, limit.signal]))
  } finally {
    stop()
  }
}
