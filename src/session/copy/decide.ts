import { MINUTE, parseDuration } from "../../api/duration.ts"
import type { CopyStatus } from "../../api/copy-status.ts"
import type { Instant } from "../observed.ts"
import { instant } from "../time.ts"
import { heals, type Verdict, verdict } from "../verdict.ts"
import { checks } from "./checks.ts"
import { finish, type Outcome } from "./finish.ts"
import type { ObservedCopy, ObservedCopyPod } from "./observed.ts"
import type { CopyPlan } from "./plan.ts"
import { nextPod } from "./pods.ts"
import { goingOn, isOver } from "./status.ts"

/** Timers can't wait for months; whoever looks in between finds nothing to do. */
const LONGEST_WAIT_MS = 12 * 60 * MINUTE
/** What no watch tells of is looked at again after this. */
const LOOK_MS = 15_000

/**
 * Decides what to do about one copy now. Pure and total, like the decision about a session, and as forgetful: all that is
 * remembered is in the status.
 *
 *     Pending --session Ready, claim there--> Copying --the pod's result--> Closing --nothing left--> Complete | Failed
 *        +------- can't heal, or pendingTimeout; the session has ended ------^
 */
export function decideCopy(observed: ObservedCopy, now: Instant): CopyPlan {
  const { copy, status } = observed
  if (isOver(status)) return finished(observed, now)
  // its own session is deleted by the garbage collector; what it has of another's goes now
  if (copy.deleting) return { status, remove: everything(observed) }
  if (status.phase === "Closing") return finish(observed, outcomeSoFar(status), now)
  const result = currentPod(observed)?.result
  if (result && !mayGoOn(result)) return finish(observed, outcomeOf(result), now)
  for (const check of checks) {
    const found = check(observed)
    if (!found) continue
    if (found.ends) return finish(observed, { why: found.why }, now)
    return wait(observed, found.why, found.createSession === true, now)
  }
  return nextPod(observed, now)
}

/** What is missing may still come, but not for ever. Of a session that is there only that itself can tell. */
function wait(observed: ObservedCopy, why: Verdict, createSession: boolean, now: Instant): CopyPlan {
  const { copy, limits, session, status } = observed
  const isBound = session !== undefined && why.reason === "NotReady"
  // however late somebody looks for the first time, a session is tried to be made
  const isFirst = createSession && status.phase === undefined
  if (!isBound && !isFirst && now >= copy.createdAt + limits.pendingTimeoutMs) {
    const minutes = limits.pendingTimeoutMs / MINUTE
    return finish(observed, { why: verdict("PendingTimeout", `Waited ${minutes} minutes. ${why.message}`) }, now)
  }
  const phase = status.phase === "Copying" ? "Copying" : "Pending"
  return {
    status: goingOn(observed, phase, why, now),
    remove: [],
    ...(createSession && { createSession }),
    requeueAfterMs: LOOK_MS,
  }
}

function outcomeOf(result: NonNullable<ObservedCopyPod["result"]>): Outcome {
  const { reason, message } = result
  if (reason === "Copied") return { result }
  const why =
    reason === "CopyIncomplete" ? { reason, message: `${message} See status.failures.` } : verdict(reason, message)
  return { result, why }
}

/** Whether the next pod may do better than this result. */
function mayGoOn({ reason }: NonNullable<ObservedCopyPod["result"]>): boolean {
  return reason === "Interrupted" || heals({ reason, message: "" })
}

function outcomeSoFar({ conditions = [] }: CopyStatus): Outcome {
  const failed = conditions.find(({ type }) => type === "Failed")
  return failed ? { why: { reason: failed.reason as Verdict["reason"], message: failed.message } } : {}
}

function currentPod({ pods, status }: ObservedCopy): ObservedCopyPod | undefined {
  return pods.find(({ name }) => name === status.podName)
}

function everything({ pods, policies }: ObservedCopy): CopyPlan["remove"] {
  return [
    ...pods.filter(({ deleting }) => !deleting).map(({ name, uid }) => ({ kind: "Pod" as const, name, uid })),
    ...policies
      .filter(({ deleting }) => !deleting)
      .map(({ name, uid }) => ({ kind: "NetworkPolicy" as const, name, uid })),
  ]
}

/** Nothing of it is left; all that can still be done is to delete the object itself when spec says so. */
function finished({ copy, spec, status }: ObservedCopy, now: Instant): CopyPlan {
  const plan: CopyPlan = { status, remove: [] }
  const after = parseDuration(spec?.ttlAfterFinished ?? "")
  const finishedAt = instant(status.finishedAt)
  if (after === undefined || finishedAt === undefined || copy.deleting) return plan
  const left = finishedAt + after - now
  return left > 0 ? { ...plan, requeueAfterMs: Math.min(left, LONGEST_WAIT_MS) } : { ...plan, deleteCopy: true }
}
