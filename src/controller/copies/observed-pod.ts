import { parseResult } from "../../control/copy-result.ts"
import type { Pod } from "../../kube/objects.ts"
import type { ObservedCopyPod } from "../../session/copy/observed.ts"
import { whyNotRunning } from "../../session/pod-trouble.ts"
import { podFacts } from "../gather-objects.ts"

/** A copy's pod cut down to what decisions are made of, with what it said at its end. */
export function observedCopyPod(pod: Pod): ObservedCopyPod {
  const facts = podFacts(pod)
  const ended = facts.phase === "Succeeded" || facts.phase === "Failed"
  const terminated = pod.status?.containerStatuses?.find(({ name }) => name === "copy")?.state?.terminated
  const result = ended ? parseResult(terminated?.message) : undefined
  return { ...facts, ...(result && { result }), ...(facts.phase === "Pending" && { waits: whyNotRunning(facts) }) }
}
