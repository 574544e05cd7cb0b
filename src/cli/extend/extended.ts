import { formatDuration, LONGEST_TTL, parseDuration } from "../../api/duration.ts"
import { RecoveryError } from "../../api/reasons.ts"
import type { FileRecoverySession } from "../../api/session.ts"
import { instant, timestamp } from "../../session/time.ts"

/** How much longer than it would, or how long from its start (milliseconds). */
export type Wish = { readonly byMs: number } | { readonly ttlMs: number }

export interface Extended {
  /** The new spec.ttl, in milliseconds. */
  readonly ttlMs: number
  /** When it ends then, for people. */
  readonly words: string
  /** Why it is less than was asked for. */
  readonly note?: string
}

/**
 * The ttl that a wish comes to: never more than `maxTtlMs`, the administrator's maximum. Throws AccessDenied where the
 * session lasts as long as it may already.
 */
export function extended({ metadata, spec, status }: FileRecoverySession, wish: Wish, maxTtlMs: number): Extended {
  const most = Math.min(maxTtlMs, LONGEST_TTL)
  const now = Math.min(parseDuration(spec.ttl ?? "") ?? LONGEST_TTL, most)
  const wanted = "byMs" in wish ? now + wish.byMs : wish.ttlMs
  const ttlMs = Math.min(wanted, most)
  const startedAt = instant(status?.startedAt)
  const ends = (ms: number) =>
    startedAt === undefined
      ? `ends ${formatDuration(ms)} after its start`
      : `ends at ${timestamp(startedAt + ms)} (ttl ${formatDuration(ms)})`
  const limit = most < LONGEST_TTL ? "the administrator's maximum" : "the longest a session may last"
  if (wanted > now && ttlMs === now)
    throw new RecoveryError(
      "AccessDenied",
      `The session ${metadata.namespace}/${metadata.name} ${ends(now)} and can't last longer: ${formatDuration(most)} is ${limit}. Create another.`,
    )
  if (ttlMs === wanted) return { ttlMs, words: ends(ttlMs) }
  return { ttlMs, words: ends(ttlMs), note: `Not ${formatDuration(wanted)} but ${formatDuration(most)}: ${limit}.` }
}
