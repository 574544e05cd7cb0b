import { MINUTE } from "../api/duration.ts"
import { accept } from "./accept.ts"
import { firstOf, whyRelease } from "./checks.ts"
import { finished, isTerminal } from "./finished.ts"
import { fit, fits } from "./fit.ts"
import type { Instant, Observed } from "./observed.ts"
import type { Plan } from "./plan.ts"
import { isQueued, pendingSince, whyQueued } from "./queue.ts"
import { release } from "./release.ts"
import { run } from "./run.ts"
import { heals, isVerdict, verdict } from "./verdict.ts"
import type { Verdict } from "./verdict.ts"
import { wait } from "./wait.ts"

/**
 * Decides what to do about one session now. Pure and total: the same observation at the same time gives the same plan,
 * and every observation gives one. Nothing is remembered between two decisions but what is in the status.
 *
 *     Pending --accept--> Provisioning --everything up--> Ready --a check of whyRelease--> Unmounting --nothing left-->
 *        |                      |                                                              ^      Unmounted | Expired | Failed
 *        +--can't heal, time-out+--------------------------------------------------------------+
 */
export function decide(observed: Observed, now: Instant): Plan {
  const plan = choose(observed, now)
  return { ...plan, status: fit(plan.status) }
}

function choose(observed: Observed, now: Instant): Plan {
  const { status, limits } = observed
  if (isTerminal(status)) return finished(observed, now)
  const why = firstOf(whyRelease, observed, now)
  if (why) return release(observed, why, now)
  if (status.startedAt !== undefined) {
    const choice = { recoveryPoints: status.recoveryPoints ?? [], clones: status.clones ?? [] }
    return orRelease(run(observed, choice, now), observed, now)
  }
  const queued = whyQueued(observed)
  // what it would be made of is read again when it is its turn
  if (queued && isQueued(status)) return wait(observed, queued, now)
  const choice = accept(observed)
  if (!isVerdict(choice))
    return queued ? wait(observed, queued, now) : orRelease(run(observed, choice, now), observed, now)
  if (!heals(choice)) return release(observed, choice, now)
  if (now < pendingSince(observed, now) + limits.pendingTimeoutMs) return wait(observed, choice, now)
  const minutes = limits.pendingTimeoutMs / MINUTE
  return release(observed, verdict("PendingTimeout", `Waited ${minutes} minutes. ${choice.message}`), now)
}

function orRelease(outcome: Plan | Verdict, observed: Observed, now: Instant): Plan {
  if (isVerdict(outcome)) return release(observed, outcome, now)
  if (fits(fit(outcome.status))) return outcome
  const message = "The names of the disks are too long together for one session; recover them in several."
  return release(observed, verdict("SpecInvalid", message), now)
}
