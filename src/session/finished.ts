import { HOUR, parseDuration } from "../api/duration.ts"
import type { SessionSpec } from "../api/spec.ts"
import type { SessionStatus } from "../api/status.ts"
import type { Instant, Observed } from "./observed.ts"
import type { Plan } from "./plan.ts"
import { instant } from "./time.ts"

/** Timers can't wait for months; whoever looks in between finds nothing to do. */
const LONGEST_WAIT_MS = 12 * HOUR

export function isTerminal({ phase }: SessionStatus): boolean {
  return phase === "Unmounted" || phase === "Expired" || phase === "Failed"
}

/**
 * Nothing of it is left, so nothing is to be waited for when somebody deletes it: the finalizer goes, and with it the need
 * for an operator. All that can still be done is to delete the object itself when spec says so.
 */
export function finished({ session, spec, status }: Observed, now: Instant): Plan {
  const plan: Plan = { finalizer: "keep", status, control: [], remove: [] }
  if (session.finalizer) return { ...plan, finalizer: "remove", requeueAfterMs: 0 }
  if (session.deleting) return plan
  const wait = untilForgotten(spec, instant(status.finishedAt), now)
  if (wait === undefined) return plan
  return wait > 0 ? { ...plan, requeueAfterMs: wait } : { ...plan, deleteSession: true }
}

/** Milliseconds until ttlAfterFinished may have passed; undefined when the object is to be kept. */
export function untilForgotten(
  spec: SessionSpec | undefined,
  finishedAt: Instant | undefined,
  now: Instant,
): number | undefined {
  const after = parseDuration(spec?.ttlAfterFinished ?? "")
  if (after === undefined || finishedAt === undefined) return undefined
  return Math.min(Math.max(0, finishedAt + after - now), LONGEST_WAIT_MS)
}
