/** Whatever it waits for, nobody waits longer for a guest than so many times as long as they would for one that has its CPU. */
export const mostTimes = 10

/** Who looks again and again whether it has had its time does so no sooner than after this, milliseconds. */
const leastMs = 250

/** By the wall clock, milliseconds, and how much of that the guest could not run for want of CPU. */
export interface Passed {
  readonly passedMs: number
  readonly deniedMs: number
}

/**
 * How long a limit on a guest's own time lasts by the wall clock until it is worth another look; 0: it is over. Without want of CPU
 * that is when the limit itself has passed.
 */
export function timeLeft(limitMs: number, { passedMs, deniedMs }: Passed): number {
  const ownMs = limitMs - (passedMs - deniedMs)
  const mostMs = limitMs * mostTimes - passedMs
  if (ownMs <= 0 || mostMs <= 0) return 0
  return Math.min(passedMs < limitMs ? ownMs : Math.max(ownMs, leastMs), mostMs)
}

/** What counts of it, towards a sum that several limits share: as with one limit, no less than a tenth. */
export function counted({ passedMs, deniedMs }: Passed): number {
  return Math.max(passedMs - deniedMs, passedMs / mostTimes)
}

/** Of a limit that is over: whether the guest has not had its time even so. Then it has shown nothing. */
export function isStarved(limitMs: number, { passedMs, deniedMs }: Passed): boolean {
  return passedMs - deniedMs < limitMs
}
