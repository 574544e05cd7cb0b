import { MINUTE } from "../api/duration.ts"
import type { Wanted } from "./conditions.ts"
import type { Instant } from "./observed.ts"
import { timestamp } from "./time.ts"
import { verdict } from "./verdict.ts"

/** When people are told that a session ends: it can still be prolonged, and then once more before it is too late. */
const SOON_MS = 15 * MINUTE
const LAST_MS = 2 * MINUTE

/** The condition of a session's last 15 minutes; absent before, and again when `ttl` is raised. */
export function expiringSoon(expiresAt: Instant, now: Instant): Wanted["ExpiringSoon"] {
  const left = expiresAt - now
  if (left > SOON_MS) return undefined
  const reason = left > LAST_MS ? "ExpiringSoon" : "LastMinutes"
  return { holds: true, ...verdict(reason, `The session ends at ${timestamp(expiresAt)}.`) }
}

/** Milliseconds until the next of: 15 minutes before the end, 2 minutes before the end, the end. */
export function untilNextWarning(expiresAt: Instant, now: Instant): number {
  const next = [SOON_MS, LAST_MS, 0].map((before) => expiresAt - before - now).find((wait) => wait > 0)
  return next ?? 0
}
