import type { Late } from "./guest-clock.ts"

/** What to do about it. */
export const enoughCpu =
  "In a cluster, raise the chart's resources.guest (requests and limits), or run less on its node; elsewhere, run less beside it."

/** How late something in the guest is, to follow "... did not answer". */
export function howLate({ limitMs, passedMs, deniedMs, starved }: Late): string {
  const limit = `within ${Math.ceil(limitMs)} ms`
  if (!starved) return `${limit}.`
  const [passed, denied] = [passedMs, deniedMs].map((ms) => Math.round(ms / 1000))
  return `${limit} of CPU of its own, nor within ${passed} s: for ${denied} s of them it got none. ${enoughCpu}`
}
