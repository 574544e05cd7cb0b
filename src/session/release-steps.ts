import { MINUTE } from "../api/duration.ts"
import type { Reason } from "../api/reasons.ts"
import type { HashingStatus } from "../api/status.ts"
import type { PodRole } from "../children/names.ts"
import { howFar, untilHashed } from "./hashing.ts"
import { isNodeLost, nodeLost } from "./node-loss.ts"
import type { Instant, Observed, ObservedPod } from "./observed.ts"
import type { ControlCall, Removal } from "./plan.ts"
import { conversionsGone } from "./release-conversions.ts"
import { againMs } from "./time.ts"
import { verdict } from "./verdict.ts"

/** What is done about a release now, and what it waits for, in words. */
export interface Step {
  waitingFor: string
  /** Where it waits for something out of the ordinary. */
  reason?: Reason
  control?: ControlCall[]
  remove?: Removal[]
  /** Milliseconds until the next look, if no watch calls for one before. */
  againMs: number
}

/** Pods have to be asked; of everything else watches tell. */
const ASK_MS = 300
const LOOK_MS = 1000

/** A pod is told to release and has so long before it is deleted, which makes it release as well; if it is silent, less. */
const PATIENCE = { askedMs: 90_000, silentMs: 20_000 }
/** The same for a target that is to hash its disks again, since it last went on. The restore pod's time comes off it. */
const PATIENCE_HASHING = { askedMs: 180_000, silentMs: 90_000 }
/**
 * A pod whose containers only start has nobody to wait for. The signal to end may reach the runtime's own process, which
 * doesn't pass it on, a moment before it becomes ours: then this is how long it takes.
 */
const UNSTARTED_GRACE_S = 5
/** The garbage collector learns of new kinds within 30 s; what it hasn't begun to remove by then is removed from here. */
const COLLECTOR_MS = 2 * MINUTE

export interface Release {
  reason: string
  /** How long it lasts, in milliseconds. */
  elapsedMs: number
  /** The target is to hash its disks again: how far it is, and for how long, in milliseconds, it has not gone on. */
  hash?: { progress: HashingStatus | undefined; stillMs: number }
}

/**
 * The order of a release: clients and guest first (restore pod), then the target, which must have no initiator left;
 * then what can't go all at once; then the attachment, and with it everything else. Each step begins when the one before is a fact, not when it was asked.
 */
export function nextStep(observed: Observed, release: Release, now: Instant): Step | "done" {
  const { elapsedMs } = release
  return (
    podsQuiet(observed, release, now) ??
    conversionsGone(observed) ??
    attachmentGone(observed, elapsedMs) ??
    leftovers(observed, elapsedMs) ??
    "done"
  )
}

/** A restore pod on a lost node may read for as long as the target serves, so that does not wait for it. */
function podsQuiet(observed: Observed, release: Release, now: Instant): Step | undefined {
  const restore = quiet("restore", observed, release, now)
  if (restore && restore.reason !== "NodeUnreachable") return restore
  const target = quiet("target", observed, release, now)
  if (!restore || !target) return restore ?? target
  return { ...target, remove: [...(restore.remove ?? []), ...(target.remove ?? [])] }
}

/** All pods of the role have let go: they say so, or all their containers have ended. No answer is no proof. */
function quiet(role: PodRole, observed: Observed, release: Release, now: Instant): Step | undefined {
  // With the attachment gone or going there is no order to keep any more; only what nobody is removing is released.
  const ordered = observed.attachment?.deleting === false
  const busy = observed.pods.filter(
    (pod) => pod.role === role && (ordered || !pod.deleting) && !hasLetGo(pod, observed),
  )
  const lost = new Set(busy.filter((pod) => isNodeLost(pod, observed, now)))
  const first = busy.find((pod) => !lost.has(pod)) ?? busy[0]
  if (!first) return undefined
  const where = first.node === undefined ? "" : ` on node ${first.node}`
  const hash = role === "target" ? release.hash : undefined
  const { askedMs, silentMs } = hash ? PATIENCE_HASHING : PATIENCE
  const elapsedMs = hash?.stillMs ?? release.elapsedMs
  const progress = hashes(first, observed) ? hash?.progress : undefined
  const isTo = progress ? `has hashed its disks again: ${howFar(progress)}` : "has released its disks"
  const waitingFor = `Waiting until pod ${first.name}${where} ${first.deleting ? "is gone" : isTo}.`
  const control: ControlCall[] = []
  const remove: Removal[] = []
  for (const pod of busy.filter(({ deleting }) => !deleting)) {
    const report = reportOf(pod, observed)
    const isAsTold = report?.state === "Releasing" && (hash !== undefined || !hashes(pod, observed))
    if (isAsTold && elapsedMs < askedMs) continue
    if (report && elapsedMs < askedMs)
      control.push({ role, podName: pod.name, do: "release", reason: release.reason, ...(hash && { hash: true }) })
    else if (pod.phase !== "Running")
      remove.push({ kind: "Pod", name: pod.name, uid: pod.uid, graceSeconds: UNSTARTED_GRACE_S })
    else if (elapsedMs >= silentMs) remove.push({ kind: "Pod", name: pod.name, uid: pod.uid })
  }
  if (!lost.has(first))
    return { waitingFor, control, remove, againMs: (progress && untilHashed(observed)) ?? againMs(ASK_MS, elapsedMs) }
  const { reason: why, message } = verdict("NodeUnreachable", nodeLost(first))
  return { waitingFor: message, reason: why, control, remove, againMs: LOOK_MS }
}

function hashes(pod: ObservedPod, observed: Observed): boolean {
  const report = reportOf(pod, observed)
  return report !== undefined && "hashing" in report && report.hashing !== undefined
}

/** What its role holds of the disks is free: it says so, or none of its containers runs. */
export function hasLetGo(pod: ObservedPod, observed: Observed): boolean {
  if (pod.phase === "Succeeded" || pod.phase === "Failed") return true
  // Pods are created with the volumes that hold the device, but no container of one without node has ever run.
  if (pod.node === undefined) return true
  if (pod.containers.length > 0 && pod.containers.every(({ state }) => state === "terminated")) return true
  const report = reportOf(pod, observed)
  return report?.state === "Released" && (!("initiators" in report) || report.initiators === 0)
}

function reportOf(pod: ObservedPod, { target, restore }: Observed) {
  const answer = pod.role === "target" ? target : restore
  return answer?.podName === pod.name && "report" in answer ? answer.report : undefined
}

function attachmentGone({ attachment }: Observed, elapsedMs: number): Step | undefined {
  if (!attachment) return undefined
  const { name, uid, deleting } = attachment
  return {
    waitingFor: `Waiting until everything that FileRecoveryAttachment ${name} owns is gone.`,
    remove: deleting ? [] : [{ kind: "FileRecoveryAttachment", name, uid }],
    againMs: againMs(LOOK_MS, elapsedMs),
  }
}

/** Gone is what the API server itself no longer lists. */
function leftovers(observed: Observed, elapsedMs: number): Step | undefined {
  const { pods, claims, network, persistentVolumes, live } = observed
  const objects = [
    ...pods.map((one) => ({ ...one, kind: "Pod" as const })),
    ...claims.map((one) => ({ ...one, kind: "PersistentVolumeClaim" as const })),
    ...network,
  ]
  const left = [
    ...objects.map(({ kind, name }) => `${kind} ${name}`),
    ...persistentVolumes.map((name) => `PersistentVolume ${name}`),
  ]
  if (left.length === 0) return live ? undefined : { waitingFor: "Making sure that nothing is left.", againMs: ASK_MS }
  const more = left.length > 3 ? ` and ${left.length - 3} more` : ""
  const forgotten = elapsedMs < COLLECTOR_MS ? [] : objects.filter(({ deleting }) => !deleting)
  return {
    waitingFor: `Waiting until these are gone: ${left.slice(0, 3).join(", ")}${more}.`,
    remove: forgotten.map(({ kind, name, uid }) => ({ kind, name, uid })),
    againMs: againMs(LOOK_MS, elapsedMs),
  }
}
