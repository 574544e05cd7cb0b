import type { ObservedPod } from "./observed.ts"
import { verdict } from "./verdict.ts"
import type { Verdict } from "./verdict.ts"

const IMAGE = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
  "ImageInspectError",
])

const ORDINARY = new Set(["", "ContainerCreating", "PodInitializing"])

/** Why a pod that was created doesn't run yet: the scheduler's or the kubelet's words, or just that it starts. */
export function whyNotRunning(pod: Omit<ObservedPod, "role">): Verdict {
  const title = `Pod ${pod.name}`
  if (pod.unschedulable !== undefined) return verdict("PodUnschedulable", `${title}: ${pod.unschedulable}`)
  const image = pod.containers.find(({ state, reason }) => state === "waiting" && IMAGE.has(reason ?? ""))
  if (image)
    return verdict("ImagePullFailed", `${title}, container ${image.name}: ${image.message ?? image.reason ?? ""}`)
  const stuck = pod.containers.find(({ state, reason }) => state === "waiting" && !ORDINARY.has(reason ?? ""))
  if (stuck) return verdict("Starting", `${title}, container ${stuck.name}: ${stuck.message ?? stuck.reason ?? ""}`)
  if (pod.warning !== undefined) return verdict("Starting", `${title}: ${pod.warning}`)
  return verdict("Starting", `${title} starts.`)
}
