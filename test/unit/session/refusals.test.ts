import { expect, test } from "vitest"
import { decide } from "../../../src/session/decide.ts"
import { happenings } from "../../../src/session/happenings.ts"
import { withRefusals } from "../../../src/session/refusals.ts"
import type { Refusal } from "../../../src/session/refusals.ts"
import { now, nothingLeft, pending, provisioning, ready, sources, unmounting } from "../../support/observed.ts"

const quota: Refusal = { about: "claim", reason: "QuotaExceeded", message: "exceeded quota: compute" }
const pod: Refusal = { about: "target", reason: "PodRefused", message: "violates PodSecurity" }
const started = decide(pending(), now).status

function told(refusals: Refusal[], observed = pending()) {
  const status = withRefusals(started, refusals, observed, now)
  return status.conditions
    ?.filter((one) => one.status === "False")
    .map(({ type, reason }) => `${type}/${reason}`)
    .join(" ")
}

test.each<[string, Refusal[], string]>([
  ["nothing", [], "VolumesReady/Cloning TargetServing/Starting Mounted/Starting Ready/Cloning"],
  ["a claim", [quota], "VolumesReady/QuotaExceeded TargetServing/Starting Mounted/Starting Ready/QuotaExceeded"],
  [
    "a Secret",
    [{ ...quota, about: "surroundings" }],
    "VolumesReady/QuotaExceeded TargetServing/Starting Mounted/Starting Ready/QuotaExceeded",
  ],
  ["the target pod", [pod], "VolumesReady/Cloning TargetServing/PodRefused Mounted/Starting Ready/PodRefused"],
  [
    "both pods",
    [pod, { ...pod, about: "restore" }],
    "VolumesReady/Cloning TargetServing/PodRefused Mounted/PodRefused Ready/PodRefused",
  ],
])("refused: %s", (_, refusals, expected) => expect(told(refusals)).toBe(expected))

test("a pod that was refused was never there, so it can't be lost", () => {
  const status = withRefusals(started, [pod], pending(), now)
  expect(status.targets).toBeUndefined()
  expect(status.access).toEqual(started.access)
  const next = decide(provisioning({ status, pods: [], claims: provisioning().claims }), now)
  expect(next.provision?.pods[0]?.name).toBe(started.targets?.[0]?.podName)
})

test("a successor that was refused does not count either", () => {
  const before = ready({ pods: [] })
  const wanted = decide(before, now).status
  expect(wanted.targets).not.toEqual(before.status.targets)
  expect(withRefusals(wanted, [pod], before, now).targets).toEqual(before.status.targets)
})

test("the same refusal again changes nothing", () => {
  const attachment = provisioning().status.attachment
  const first = { ...withRefusals(started, [quota], pending(), now), ...(attachment && { attachment }) }
  const observed = provisioning({ status: first, claims: [], pods: [] })
  expect(withRefusals(decide(observed, now + 5000).status, [quota], observed, now + 5000)).toEqual(first)
})

const waiting = decide(pending({ sources: { ...sources, snapshots: [] } }), now).status
const broken = withRefusals(started, [quota], pending(), now)
const up = decide(ready(), now).status
const over = decide(unmounting(nothingLeft), now).status
const failed = decide(pending({ spec: undefined, specProblem: "spec.ttl: no." }), now).status

test.each([
  ["a session that waits", {}, waiting, ["Normal Pending", "Warning NoRecoveryPoint"]],
  ["a session that still waits", waiting, waiting, []],
  ["a session that starts", waiting, started, ["Normal Provisioning"]],
  ["a refusal", started, broken, ["Warning QuotaExceeded"]],
  ["the same refusal", broken, broken, []],
  ["a session that is ready", started, up, ["Normal Ready"]],
  ["a session that is over", up, over, ["Normal Unmounted"]],
  ["a session that failed", {}, failed, ["Warning SpecInvalid"]],
])("%s is told", (_, before, after, expected) => {
  expect(happenings(before, after).map(({ type, reason }) => `${type} ${reason}`)).toEqual(expected)
})
