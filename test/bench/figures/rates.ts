import type { Rate } from "../../../src/kube/rate-limit.ts"

/** How many requests there were until a time, in seconds of any clock. */
export interface Count {
  readonly at: number
  readonly requests: number
}

/** The most requests per second over a window of at least so many seconds. */
export function peakRate(counts: readonly Count[], windowSeconds: number): number {
  const rates = pairs(counts)
    .filter(([from, to]) => to.at - from.at >= windowSeconds)
    .map(([from, to]) => (to.requests - from.requests) / (to.at - from.at))
  return Math.max(0, ...rates)
}

/**
 * The span in which there were most requests above what a token bucket lets through: as many as `burst` at once and
 * `qps` every second. Undefined when there was none. A request counts when it has ended, so those of `lateSeconds` before
 * a span may count in it.
 */
export function passed(counts: readonly Count[], { qps, burst }: Rate, lateSeconds: number): string | undefined {
  const worst = pairs(counts)
    .map(([from, to]) => ({ requests: to.requests - from.requests, seconds: to.at - from.at }))
    .map((span) => ({ ...span, above: span.requests - burst - qps * (span.seconds + lateSeconds) }))
    .sort((a, b) => b.above - a.above)[0]
  return worst && worst.above > 0 ? `${worst.requests} requests in ${worst.seconds.toFixed(1)} s` : undefined
}

function pairs(counts: readonly Count[]): [Count, Count][] {
  return counts.flatMap((from, index) => counts.slice(index + 1).map((to): [Count, Count] => [from, to]))
}
