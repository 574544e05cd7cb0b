import { MINUTE } from "../api/duration.ts"
import { isReason } from "../api/reasons.ts"
import type { Reason } from "../api/reasons.ts"
import { namesOf, podGeneration } from "../children/names.ts"
import type { PodRole } from "../children/names.ts"
import type { Instant, Observed, ObservedPod } from "./observed.ts"
import { heldElsewhere, isHeldElsewhere, isNodeLost, nodeLost } from "./node-loss.ts"
import { verdict } from "./verdict.ts"
import type { Verdict } from "./verdict.ts"

/** Who holds a role, and who follows when the holder is lost. A pod's name counts its predecessors. */
export interface Succession {
  /** The pod to rely on, if it is there. */
  current?: ObservedPod
  /** Name of the pod that has the role from now on. */
  name: string
  /** It is to be created now. */
  create: boolean
  /** Ended pods that a successor takes over from. */
  remove: ObservedPod[]
  /** What became of the last holder. */
  lost?: Verdict
  /** Its node, where that is why and its name is known. */
  lostNode?: string
  /** How many holders were lost so far. */
  losses: number
}

/** A pod that ends for one of these would end the same way again. */
const FATAL = new Set<string>([
  "DeviceNotReadable",
  "DiskUnreadable",
  "ImageTruncated",
  "LoginRefused",
] satisfies Reason[])

export const isFatal = ({ reason }: Verdict) => FATAL.has(reason)

/** Names the holder of a role. Pure in what is observed: a pod recorded in the status but not observed is gone. */
export function succession(role: PodRole, observed: Observed, recorded: string | undefined, now: Instant): Succession {
  const names = namesOf(observed.session)
  const pods = observed.pods
    .filter((pod) => pod.role === role)
    .sort((a, b) => podGeneration(a.name) - podGeneration(b.name))
  const newest = pods.at(-1)
  const known = Math.max(podGeneration(recorded ?? ""), podGeneration(newest?.name ?? ""))
  if (known < 0) return { name: names.pod(role, 0), create: true, remove: [], losses: 0 }

  const holder = newest && podGeneration(newest.name) === known ? newest : undefined
  const lost = holder ? whyLost(holder, observed, now) : gone(names.pod(role, known), role)
  if (!lost && holder)
    return { current: holder, name: holder.name, create: false, remove: others(pods, holder), losses: known }

  const create = now >= (endOf(holder, now) ?? 0) + pause(known)
  const successor = { name: names.pod(role, create ? known + 1 : known), create, losses: known + 1 }
  const lostNode = holder?.node !== undefined && isNodeLost(holder, observed, now) && { lostNode: holder.node }
  return { ...successor, remove: create ? others(pods) : [], ...(lost && { lost }), ...lostNode }
}

const others = (pods: readonly ObservedPod[], holder?: ObservedPod) =>
  pods.filter((pod) => pod !== holder && !pod.deleting)

const lostReason = (role: PodRole): Reason => (role === "target" ? "TargetLost" : "RestoreLost")

const gone = (name: string, role: PodRole): Verdict => ({ reason: lostReason(role), message: `Pod ${name} is gone.` })

/** The first loss is made good at once, later ones after a pause that grows. */
function pause(losses: number): number {
  return losses === 0 ? 0 : Math.min(5000 * 2 ** Math.min(losses - 1, 10), 2 * MINUTE)
}

/** By the clock of the pod's node: a time that is yet to come says nothing, least of all to wait until then. */
function endOf(pod: ObservedPod | undefined, now: Instant): Instant | undefined {
  const ends = pod?.containers.flatMap(({ finishedAt }) => finishedAt ?? []).filter((at) => at <= now) ?? []
  return ends.length === 0 ? undefined : Math.max(...ends)
}

function whyLost(pod: ObservedPod, observed: Observed, now: Instant): Verdict | undefined {
  const { target, restore } = observed
  const title = `Pod ${pod.name}`
  if (isNodeLost(pod, observed, now)) return verdict("NodeUnreachable", nodeLost(pod))
  if (isHeldElsewhere(pod, observed, now)) return verdict("NodeUnreachable", heldElsewhere(pod))
  const ended = pod.containers.find(({ state, message }) => state === "terminated" && message !== undefined)
  const terminated = ended ?? pod.containers.find(({ state }) => state === "terminated")
  if (terminated) {
    const { name, reason, message } = terminated
    const known = isReason(reason) ? reason : lostReason(pod.role)
    return {
      reason: known,
      message: `${title}: container ${name} ended (${reason ?? "no reason"}): ${message ?? "no last words"}`,
    }
  }
  if (pod.phase === "Failed" || pod.phase === "Succeeded")
    return {
      reason: lostReason(pod.role),
      message: `${title} ended (${pod.reason ?? pod.phase}): ${pod.message ?? "no message"}`,
    }
  if (pod.deleting) return { reason: lostReason(pod.role), message: `${title} is being deleted.` }
  const answer = pod.role === "target" ? target : restore
  if (!answer || answer.podName !== pod.name || !("report" in answer)) return undefined
  // one that hashes its disks after its time may do so for hours
  const isOver = answer.report.state === "Releasing" && "hashing" in answer.report
  if (answer.report.state === "Released" || isOver)
    return { reason: lostReason(pod.role), message: `${title} has released its disks.` }
  if (answer.report.state !== "Failed") return undefined
  const { reason, message } = answer.report.error ?? { reason: "", message: "no message" }
  const known = isReason(reason) ? reason : "GuestFailed"
  return { reason: known, message: `${title} failed: ${message}` }
}
