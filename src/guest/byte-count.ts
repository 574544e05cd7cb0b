/**
 * A number of bytes from a guest that hostile metadata may have told anything: whole, not negative, and exact in JSON.
 * What is none is 0, what is more than any disk is the most a number holds exactly.
 */
export function byteCount(claimed: number): number {
  return Number.isNaN(claimed) ? 0 : Math.trunc(Math.min(Math.max(claimed, 0), Number.MAX_SAFE_INTEGER))
}
