/** A wait that doubles with every failure, in milliseconds. */
export interface Backoff {
  readonly firstMs: number
  readonly capMs: number
}

/**
 * The wait after the n-th failure in a row (n from 0): half of it fixed, half of it random, so that many clients of
 * a server that comes back don't all come back with it.
 */
export function backoffMs({ firstMs, capMs }: Backoff, failures: number, random: () => number = Math.random): number {
  const full = Math.min(capMs, firstMs * 2 ** Math.min(failures, 30))
  return Math.round(full / 2 + (full / 2) * random())
}
