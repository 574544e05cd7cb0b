import { HOUR, LONGEST_TTL, MINUTE, parseDuration } from "../api/duration.ts"
import type { SessionStatus } from "../api/status.ts"
import type { Instant, Observed } from "./observed.ts"

/** Milliseconds since 1970, or undefined for what is absent or no time at all. */
export function instant(text: string | undefined): Instant | undefined {
  const parsed = Date.parse(text ?? "")
  return Number.isNaN(parsed) ? undefined : parsed
}

/** RFC 3339 in whole seconds, as Kubernetes writes times. */
export function timestamp(at: Instant): string {
  return `${new Date(Math.floor(at / 1000) * 1000).toISOString().slice(0, 19)}Z`
}

/**
 * When to look again at what has gone on for `elapsedMs` and that nobody tells of: soon at first, then ever more rarely.
 * It is found at most a twentieth of its time too late, and a thousand that hang don't leave the others waiting.
 */
export function againMs(firstMs: number, elapsedMs: number): number {
  return Math.max(firstMs, Math.min(elapsedMs / 20, RAREST_MS))
}

const RAREST_MS = 15_000

/** The clocks of operators that lead in turn may be so far apart: docs/decisions/clock-skew.md. */
const APART_MS = 5 * MINUTE

/**
 * When a session started, if it has. A start that is further ahead than clocks are apart was written by a clock that was
 * wrong, and would keep the session open until then: it counts from now.
 */
export function started({ startedAt }: SessionStatus, now: Instant): Instant | undefined {
  const at = instant(startedAt)
  return at !== undefined && at > now + APART_MS ? now : at
}

/** When a session that started then ends by itself: ttl, but never past the administrator's or our own maximum. */
export function expiry(startedAt: Instant, { spec, limits }: Pick<Observed, "spec" | "limits">): Instant {
  const wanted = parseDuration(spec?.ttl ?? "") ?? 12 * HOUR
  return startedAt + Math.min(wanted, limits.maxTtlMs, LONGEST_TTL)
}

/** No byte is readable after this, whoever fails: activeDeadlineSeconds ends with it, certificates soon after. */
export function hardEnd(startedAt: Instant): Instant {
  return startedAt + LONGEST_TTL
}
