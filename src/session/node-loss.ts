import { claimGeneration, podGeneration } from "../children/names.ts"
import { inUse } from "./clones.ts"
import type { Instant, Observed, ObservedPod } from "./observed.ts"

/** What a kubelet that is there may need to tell that a pod has ended, after the pod's grace period. */
const TELLS_WITHIN_MS = 30_000

/**
 * Whether a pod's node is not heard of any more: by its status all of its containers run, and yet Kubernetes no longer
 * counts it as ready, or it should have ended; and it does not answer us either. It may still run, and read.
 */
export function isNodeLost(pod: ObservedPod, { target, restore }: Observed, now: Instant): boolean {
  if (pod.node === undefined || pod.phase !== "Running") return false
  const seemsToRun = pod.containers.length > 0 && pod.containers.every(({ state }) => state === "running")
  const unheard = pod.deleting ? now >= (pod.endsBy ?? now) + TELLS_WITHIN_MS : pod.ready === false
  const answer = pod.role === "target" ? target : restore
  const answers = answer?.podName === pod.name && "report" in answer
  return seemsToRun && unheard && !answers
}

/** How long a volume may take from one node to another. Kubernetes leaves it to a node that is gone for 6 minutes. */
const MOVES_WITHIN_MS = 60_000
/** The attach-detach controller's words, in the Event FailedAttachVolume. */
const HELD = /already exclusively attached to one node/

/**
 * Whether a target that follows another can't have its clones because that one's node is gone, and Kubernetes can't tell
 * yet that it uses them no more. A target with clones of its own waits for no other node.
 */
export function isHeldElsewhere(pod: ObservedPod, { status }: Observed, now: Instant): boolean {
  const { role, name, phase, createdAt = now, warning = "" } = pod
  if (role !== "target" || phase !== "Pending" || now < createdAt + MOVES_WITHIN_MS || !HELD.test(warning)) return false
  return inUse(status.clones ?? []).some(({ claim }) => claimGeneration(claim) !== podGeneration(name))
}

export const heldElsewhere = ({ name, warning }: ObservedPod) =>
  `Another node, which seems to be gone, still has the volumes that pod ${name} waits for: ${warning}`

export const nodeLost = ({ name, node }: ObservedPod) => `Node ${node}, with pod ${name}, is not heard of.`
