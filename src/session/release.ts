import type { HashingStatus, Phase, ReleaseStatus, SessionStatus } from "../api/status.ts"
import { conditionOf, conditions, keep } from "./conditions.ts"
import type { Wanted } from "./conditions.ts"
import { withContents } from "./conversion.ts"
import type { Instant, Observed } from "./observed.ts"
import type { Plan } from "./plan.ts"
import { untilForgotten } from "./finished.ts"
import { hashing, isHashed, lastProgress } from "./hashing.ts"
import { hashedAfter, proof } from "./proof.ts"
import { nextStep } from "./release-steps.ts"
import type { Release } from "./release-steps.ts"
import { expiry, instant, timestamp } from "./time.ts"
import { counted } from "./usage.ts"
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
  const SourceVerified = proof(observed, now)
  const numbers = {
    ...figures(observed),
    ...(SourceVerified && { sourceVerified: SourceVerified.holds }),
    reason: why.reason,
    message: why.message,
  }
  const begun = status.phase === "Unmounting"
  const progress = hashing(observed, now)
  const step = nextStep(observed, { reason: why.reason, ...elapsed(observed, progress, now) }, now)
  if (step === "done") return over(observed, why, { numbers, SourceVerified }, now)
  const wanted: Wanted = {
    ...keep(status, "Accepted", "VolumesReady"),
    TargetServing: { holds: false, reason: "Releasing", message: "The session is being released." },
    Mounted: { holds: false, reason: "Releasing", message: "The session is being released." },
    Ready: { holds: false, reason: "Releasing", message: why.message },
    SourceVerified,
    Released: { holds: false, reason: step.reason ?? "Releasing", message: step.waitingFor },
  }
  return {
    finalizer: "keep",
    status: {
      ...carried(observed),
      ...(progress && { hashing: progress }),
      phase: "Unmounting",
      conditions: conditions(wanted, observed, now),
      release: numbers,
    },
    control: step.control ?? [],
    remove: step.remove ?? [],
    requeueAfterMs: begun ? step.againMs : 0,
  }
}

/** For how long it lasts, and for how long the target has not gone on hashing its disks, where it is to. */
function elapsed(
  { status, session }: Observed,
  progress: HashingStatus | undefined,
  now: Instant,
): Pick<Release, "elapsedMs" | "hash"> {
  const begun = status.phase === "Unmounting" ? conditionOf(status, "Released")?.lastTransitionTime : undefined
  const since = instant(begun) ?? now
  const elapsedMs = now - since
  // a session that was deleted has nobody to tell
  if (!isHashed(status) || session.deleting) return { elapsedMs }
  return { elapsedMs, hash: { progress, stillMs: now - Math.max(since, lastProgress(progress, now) ?? since) } }
}

/** What it failed for, if it did: itself, or a clone that was changed under it. */
function failureOf(why: Verdict, proven: Wanted["SourceVerified"]): Verdict | undefined {
  if (ENDS[why.reason] === undefined) return why
  return proven?.reason === "SourceChanged" ? { reason: proven.reason, message: proven.message } : undefined
}

/** The last write. What is kept is a summary; where things were is of no use to anybody any more. */
function over(
  observed: Observed,
  why: Verdict,
  { numbers, SourceVerified }: { numbers: ReleaseStatus } & Pick<Wanted, "SourceVerified">,
  now: Instant,
): Plan {
  const { session, spec, status } = observed
  const failure = failureOf(why, SourceVerified)
  const phase = failure ? "Failed" : (ENDS[why.reason] ?? "Failed")
  const { targets: _, access: __, hashing: ___, ...summary } = carried(observed)
  const forgotten = untilForgotten(spec, now, now)
  const wanted: Wanted = {
    ...(failure && status.startedAt === undefined
      ? { Accepted: { holds: false, ...failure } }
      : keep(status, "Accepted")),
    SourceVerified,
    Released: { holds: true, reason: "Released", message: "Nothing is left of what was made for the session." },
    ...(failure
      ? { Ready: { holds: false, ...failure }, Stalled: { holds: true, ...failure } }
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

/** The status as it was, with what came to be meanwhile: volumes and contents, for which the release waits too, and hashes. */
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
    ...(status.disks && { disks: hashedAfter(observed) }),
  }
}

/** The last numbers anybody has heard; they only grow. */
function figures(observed: Observed): Omit<ReleaseStatus, "reason"> {
  const { release, usage } = observed.status
  const last = counted(observed)
  const initiatorsAtRelease = last.initiators ?? release?.initiatorsAtRelease
  const most = (name: "bytesServed" | "filesRead" | "writeAttempts") =>
    Math.max(release?.[name] ?? 0, usage?.[name] ?? 0, last[name] ?? 0)
  return {
    ...(initiatorsAtRelease !== undefined && { initiatorsAtRelease }),
    bytesServed: most("bytesServed"),
    filesRead: most("filesRead"),
    writeAttempts: most("writeAttempts"),
  }
}
