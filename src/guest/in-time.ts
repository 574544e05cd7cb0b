import { RecoveryError } from "../api/reasons.ts"

/**
 * Runs work that obeys a signal, for at most `ms`. Rejects with GuestFailed and the sentence `late` when time is up, and with
 * the caller's reason when its signal aborts.
 */
export async function inTime<T>(
  ms: number,
  late: string,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = AbortSignal.timeout(ms)
  try {
    return await work(signal === undefined ? limit : AbortSignal.any([signal, limit]))
  } catch (cause) {
    if (limit.aborted && cause === limit.reason)
      throw new RecoveryError("GuestFailed", `${late} within ${ms} ms.`, { cause })
    throw cause
  }
}
