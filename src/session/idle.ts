import { parseDuration } from "../api/duration.ts"
import { conditionOf } from "./conditions.ts"
import type { Instant, Observed } from "./observed.ts"
import { instant, timestamp } from "./time.ts"
import { verdict } from "./verdict.ts"
import type { Verdict } from "./verdict.ts"

/** A session that could be read and was not, since then. */
interface Silence {
  since: Instant
  /** When it is too long. */
  until: Instant
  everRead: boolean
}

/**
 * Only a restore pod that answers proves that nobody reads: not one that can't be reached, not one that is being
 * replaced. Connections of clients inhibit. Time in which nothing could be read does not count.
 */
function silence({ spec, status, restore }: Observed): Silence | undefined {
  const limit = parseDuration(spec?.idleTimeout ?? "")
  const ready = conditionOf(status, "Ready")
  if (limit === undefined || status.phase !== "Ready" || ready?.status !== "True") return undefined
  if (!restore || !("report" in restore) || restore.podName !== status.access?.podName) return undefined
  const { state, usage } = restore.report
  if (state !== "Ready" || (usage.clients ?? 0) > 0) return undefined
  const readable = [ready.lastTransitionTime, status.readyAt].flatMap((time) => instant(time) ?? [])
  // The pod before this one may have been the last that was read from.
  const reads = [usage.lastActivityAt, status.usage?.lastActivityAt].flatMap((time) => instant(time) ?? [])
  if (readable.length === 0) return undefined
  const since = Math.max(...readable, ...reads)
  return { since, until: since + limit, everRead: Math.max(...reads) === since }
}

/** A check of whyRelease: nobody has read for too long. */
export function nobodyReads(observed: Observed, now: Instant): Verdict | undefined {
  const quiet = silence(observed)
  if (!quiet || now < quiet.until) return undefined
  const { since, everRead } = quiet
  const start = everRead ? "" : ", when files could be read"
  const limit = observed.spec?.idleTimeout ?? ""
  return verdict("Idle", `No client has read anything since ${timestamp(since)}${start}; spec.idleTimeout is ${limit}.`)
}

/** Milliseconds until that may be so; undefined when something speaks against it now. */
export function untilIdle(observed: Observed, now: Instant): number | undefined {
  const quiet = silence(observed)
  return quiet && Math.max(0, quiet.until - now)
}
