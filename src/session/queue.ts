import type { SessionStatus } from "../api/status.ts"
import { conditionOf } from "./conditions.ts"
import type { Instant, Observed } from "./observed.ts"
import { instant } from "./time.ts"
import { verdict } from "./verdict.ts"
import type { Verdict } from "./verdict.ts"

const VALUES = { namespace: "limits.sessionsPerNamespace", cluster: "limits.sessionsPerCluster" }

/** When those far behind are told again where they stand: a thousand of them must cost next to nothing. */
const FIRST_MS = 10_000
const EACH_MS = 3000
const LAST_MS = 600_000

/** It was found able to start, and only a place was missing. */
export function isQueued(status: SessionStatus): boolean {
  return conditionOf(status, "Accepted")?.reason === "Queued"
}

/** Whether it has yet to get a place. An attachment is made only with one, so an operator that died has let it in before. */
export function needsPlace({ status, attachment }: Pick<Observed, "status" | "attachment">): boolean {
  return status.startedAt === undefined && !attachment
}

/** Which limit leaves no place for it, and where it stands in the line. */
export function whyQueued({ queue, session }: Pick<Observed, "queue" | "session">): Verdict | undefined {
  if (!queue) return undefined
  const { limit, held, most, position, waiting } = queue
  const where = limit === "namespace" ? `namespace ${session.namespace}` : "the cluster"
  const are = held === 1 ? "1 session is" : `${held} sessions are`
  return verdict(
    "Queued",
    `${are} in progress in ${where}, where ${VALUES[limit]} allows ${most}; this one is ${ordinal(position)} of ${waiting} that wait.`,
  )
}

/** Milliseconds until its place should be told anew, should nobody call for it before. */
export function untilToldAgain({ position }: NonNullable<Observed["queue"]>): number {
  return Math.min(Math.max(FIRST_MS, position * EACH_MS), LAST_MS)
}

/** Since when it waits for something other than a place: time in the queue is not held against it. */
export function pendingSince({ status, session }: Pick<Observed, "status" | "session">, now: Instant): Instant {
  return isQueued(status) ? now : Math.min(now, instant(status.pendingSince) ?? session.createdAt)
}

const endings: Partial<Record<Intl.LDMLPluralRule, string>> = { one: "st", two: "nd", few: "rd" }
const rules = new Intl.PluralRules("en", { type: "ordinal" })
const ordinal = (number: number) => `${number}${endings[rules.select(number)] ?? "th"}`
