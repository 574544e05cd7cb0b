import type { CopyStatus } from "../../api/copy-status.ts"
import { copyNames } from "../../children/copy.ts"
import type { Instant } from "../observed.ts"
import { timestamp } from "../time.ts"
import { verdict } from "../verdict.ts"
import { finish } from "./finish.ts"
import type { ObservedCopy, ObservedCopyPod } from "./observed.ts"
import type { CopyPlan } from "./plan.ts"
import { goingOn } from "./status.ts"

/** So many pods may be lost; the next one that is lost ends the copy. */
const MOST_LOST = 4
const LOOK_MS = 60_000

/** The session is ready and the claim there: sees to it that a pod copies, or the next one after it was lost. */
export function nextPod(observed: ObservedCopy, now: Instant): CopyPlan {
  const { copy, session, status, pods } = observed
  const { name: sessionName = "", uid: sessionUid = "" } = session ?? {}
  const names = copyNames({ namespace: copy.namespace, name: sessionName, uid: sessionUid }, copy)
  const known = { ...status, session: { name: sessionName, uid: sessionUid } }
  if (status.podName === undefined) return make(observed, { ...known, startedAt: timestamp(now) }, names.pod(0), now)
  const pod = pods.find(({ name }) => name === status.podName)
  if (pod && !hasEnded(pod)) {
    const why = pod.waits ?? verdict("Copying", `Pod ${pod.name} copies.`)
    return { status: goingOn({ ...observed, status: known }, "Copying", why, now), remove: [], requeueAfterMs: LOOK_MS }
  }
  if (!pod && wasRefused(status)) return make(observed, known, status.podName, now)
  const lost = (status.lostPods ?? 0) + 1
  const counted = { ...known, ...countsOf(pod), lostPods: lost }
  if (lost > MOST_LOST)
    return finish(
      { ...observed, status: counted },
      { why: verdict("CopyLost", `${lost} pods were lost. ${lastWords(pod)}`) },
      now,
    )
  // two may not write at once: the next one is made when this one is gone
  if (pod) {
    const remove = pod.deleting ? [] : [{ kind: "Pod" as const, name: pod.name, uid: pod.uid }]
    const why = verdict("Copying", `Pod ${pod.name} was lost: ${lastWords(pod)} Another one goes on when it is gone.`)
    const so = { ...known, ...countsOf(pod) }
    return { status: goingOn({ ...observed, status: so }, "Copying", why, now), remove, requeueAfterMs: LOOK_MS }
  }
  return make(observed, counted, names.pod(lost), now)
}

/** The API server refused the pod that the status names: it was never made, so it is not lost. */
function wasRefused({ conditions = [] }: CopyStatus): boolean {
  const reason = conditions.find(({ type }) => type === "Complete")?.reason
  return ["QuotaExceeded", "PodRefused", "Forbidden", "Internal"].includes(reason ?? "")
}

/** The status names the pod before it is made: one that was named and is not there was lost. */
function make(observed: ObservedCopy, status: CopyStatus, name: string, now: Instant): CopyPlan {
  const why = verdict("Copying", `Pod ${name} starts.`)
  const next = goingOn({ ...observed, status: { ...status, podName: name } }, "Copying", why, now)
  return { status: next, createPod: name, remove: [], requeueAfterMs: LOOK_MS }
}

function hasEnded({ phase }: ObservedCopyPod): boolean {
  return phase === "Succeeded" || phase === "Failed"
}

/** What the pods have copied so far, as the last one that could say so has it. */
function countsOf(pod: ObservedCopyPod | undefined): Pick<CopyStatus, "files" | "bytes"> {
  return pod?.result ? { files: pod.result.files, bytes: pod.result.bytes } : {}
}

function lastWords(pod: ObservedCopyPod | undefined): string {
  if (!pod) return "The last one was deleted."
  const container = pod.containers.find(({ state }) => state === "terminated")
  const words = pod.result?.message ?? container?.message ?? pod.message ?? container?.reason ?? pod.reason
  return words === undefined ? "It said nothing." : words.slice(0, 1000).trim().replace(/[^.]$/, "$&.")
}
