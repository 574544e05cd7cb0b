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

export const nodeLost = ({ name, node }: ObservedPod) => `Node ${node}, with pod ${name}, is not heard of.`
