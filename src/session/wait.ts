import { conditions } from "./conditions.ts"
import type { Instant, Observed } from "./observed.ts"
import type { Plan } from "./plan.ts"
import { pendingSince, untilToldAgain } from "./queue.ts"
import { timestamp } from "./time.ts"
import type { Verdict } from "./verdict.ts"

/**
 * Stays Pending and says why. Whoever applies in any order sees it heal: looked at every second at first, then ever more
 * rarely. Who waits for a place is called when it is free.
 */
export function wait(observed: Observed, why: Verdict, now: Instant): Plan {
  const { session, queue } = observed
  const { pendingSince: _, ...status } = observed.status
  const no = { holds: false, ...why }
  const since = pendingSince(observed, now)
  const clock = why.reason !== "Queued" && since > session.createdAt && { pendingSince: timestamp(since) }
  return {
    finalizer: "keep",
    status: {
      ...status,
      ...clock,
      phase: "Pending",
      conditions: conditions({ Accepted: no, Ready: no }, observed, now),
    },
    control: [],
    remove: [],
    requeueAfterMs: queue && why.reason === "Queued" ? untilToldAgain(queue) : untilHealed(observed, now - since),
  }
}

function untilHealed({ limits }: Observed, waitedMs: number): number {
  return Math.min(Math.max(1000, Math.min(waitedMs / 10, 30_000)), limits.pendingTimeoutMs - waitedMs)
}
