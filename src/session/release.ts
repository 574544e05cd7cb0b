import type { Phase, ReleaseStatus, SessionStatus } from "../api/status.ts"
import { conditionOf, conditions, keep } from "./conditions.ts"
import type { Wanted } from "./conditions.ts"
import { withContents } from "./conversion.ts"
import type { Instant, Observed } from "./observed.ts"
import type { Plan } from "./plan.ts"
import { untilForgotten } from "./finished.ts"
import { nextStep } from "./release-steps.ts"
import { expiry, instant, timestamp } from "./time.ts"
import type { Verdict } from "./verdict.ts"

/** Why a session may end without having failed. */
const ENDS: Record<string, Phase> = {
  UnmountRequested: "Unmounted",
  SessionDeleted: "Unmounted",
  TtlEnded: "Expired",
  Idle: "Expired",
}

/** Takes everything down, one step after the other, and writes the terminal phase only when nothing is left. */
export function release(observed: Observed, why: Verdict, now: Instant): Plan {
  const { status } = observed
  const numbers = { ...figures(observed), reason: why.reason, message: why.message }
  const since = instant(conditionOf(status, "Released")?.lastTransitionTime) ?? now
  const begun = status.phase === "Unmounting"
  const step = nextStep(observed, why.reason, begun ? now - since : 0)
  if (step === "done") return over(observed, why, numbers, now)
  const wanted: Wanted = {
    ...keep(status, "Accepted", "VolumesReady"),
    TargetServing: { holds: false, reason: "Releasing", message: "The session is being released." },
    Mounted: { holds: false, reason: "Releasing", message: "The session is being released." },
    Ready: { holds: false, reason: "Releasing", message: why.message },
    Released: { holds: false, reason: "Releasing", message: step.waitingFor },
  }
  return {
    finalizer: "keep",
    status: {
      ...carried(observed),
      phase: "Unmounting",
      conditions: conditions(wanted, observed, now),
      release: numbers,
    },
    control: step.control ?? [],
    remove: step.remove ?? [],
    requeueAfterMs: begun ? step.againMs : 0,
  }
}

/** The last write. What is kept is a summary; where things were is of no use to anybody any more. */
function over(observed: Observed, why: Verdict, numbers: ReleaseStatus, now: Instant): Plan {
  const { session, spec, status } = observed
  const phase = ENDS[why.reason] ?? "Failed"
  const { targets: _, access: __, ...summary } = carried(observed)
  const forgotten = untilForgotten(spec, now, now)
  const wanted: Wanted = {
    ...(phase === "Failed" && status.startedAt === undefined
      ? { Accepted: { holds: false, ...why } }
      : keep(status, "Accepted")),
    Released: { holds: true, reason: "Released", message: "Nothing is left of what was made for the session." },
    ...(phase === "Failed"
      ? { Ready: { holds: false, ...why }, Stalled: { holds: true, ...why } }
      : { Complete: { holds: true, ...why } }),
  }
  return {
    finalizer: session.finalizer ? "remove" : "keep",
    status: {
      ...summary,
      phase,
      conditions: conditions(wanted, observed, now),
      finishedAt: timestamp(now),
      release: { ...numbers, initiatorsAtRelease: 0 },
    },
    control: [],
    remove: [],
    ...(forgotten !== undefined && { requeueAfterMs: forgotten }),
  }
}

/** The status as it was, with volumes and contents that came to be meanwhile: the release waits for them too. */
function carried(observed: Observed): SessionStatus {
  const { status, claims, conversions } = observed
  const startedAt = instant(status.startedAt)
  const clones =
    status.clones &&
    withContents(status.clones, conversions).map((clone) => {
      const volumeName = claims.find(({ name }) => name === clone.claim)?.volumeName
      return volumeName === undefined ? clone : { ...clone, persistentVolume: volumeName }
    })
  const attachment =
    status.attachment ?? (observed.attachment && { name: observed.attachment.name, uid: observed.attachment.uid })
  return {
    ...status,
    ...(startedAt !== undefined && { expiresAt: timestamp(expiry(startedAt, observed)) }),
    ...(clones && { clones }),
    ...(attachment && { attachment }),
  }
}

/** The last numbers anybody has heard; they only grow. */
function figures({ status, target, restore }: Observed): Omit<ReleaseStatus, "reason"> {
  const { release, usage } = status
  const served = target && "report" in target ? target.report : undefined
  const read = restore && "report" in restore ? restore.report.usage : undefined
  const initiatorsAtRelease = served?.initiators ?? release?.initiatorsAtRelease
  return {
    ...(initiatorsAtRelease !== undefined && { initiatorsAtRelease }),
    bytesServed: most(release?.bytesServed, usage?.bytesServed, served?.bytesServed),
    filesRead: most(release?.filesRead, usage?.filesRead, read?.filesRead),
    writeAttempts: most(release?.writeAttempts, served?.writeAttempts),
  }
}

function most(...values: (number | undefined)[]): number {
  return Math.max(0, ...values.filter((value) => value !== undefined))
}
