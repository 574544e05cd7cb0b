import { expect, test } from "vitest"
import { isReason } from "../../../../src/api/reasons.ts"
import { blockers, notes, together, warnings } from "../../../../src/session/preflight/checks.ts"
import type { ObservedPreflight, TriedRefusal } from "../../../../src/session/preflight/observed.ts"
import { heals } from "../../../../src/session/verdict.ts"
import { preflight, quota } from "../../../support/preflight.ts"

const all = (changes: Partial<ObservedPreflight>) => {
  const observed = preflight(changes)
  const told = { would: blockers(observed), warn: warnings(observed), note: notes(observed) }
  return Object.entries(told).flatMap(([kind, list]) => list.map(({ reason }) => `${kind} ${reason}`))
}
const refusal = (about: TriedRefusal["about"], reason: TriedRefusal["reason"]): TriedRefusal => ({
  about,
  reason,
  words: 'pods "x" is forbidden: maximum memory usage per Container is 64Mi, but limit is 512Mi',
})
const everything = { podSelector: {}, ingress: [{ ports: [] }] }
const policies = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `open-${index}`, ...everything }))
const tooSmall = { quotas: [quota({ pods: "1" })] }

test.each<[string, Partial<ObservedPreflight>, string[]]>([
  ["nothing in the way", {}, []],
  ["the driver is nowhere", { missingDrivers: ["disk.csi"] }, ["would DriverMissing"]],
  ["no node offers KVM", { kvm: { resource: "kvm", isOffered: false } }, ["would KvmUnavailable"]],
  ["nobody may say what nodes offer", { kvm: { resource: "kvm" } }, []],
  ["the guest is emulated", { kvm: {} }, ["note GuestEmulated"]],
  ["a quota has no room", tooSmall, ["would QuotaExceeded"]],
  ["a LimitRange refuses a pod", { refusals: [refusal("target", "PodRefused")] }, ["would PodRefused"]],
  ["a LimitRange refuses a claim", { refusals: [refusal("claim", "ClaimRefused")] }, ["would ClaimRefused"]],
  [
    "the API server speaks of a quota that has room by our count",
    { refusals: [refusal("target", "QuotaExceeded")] },
    ["would QuotaExceeded"],
  ],
  [
    "the API server speaks of a quota that was told already",
    { ...tooSmall, refusals: [refusal("target", "QuotaExceeded"), refusal("restore", "PodRefused")] },
    ["would QuotaExceeded", "would PodRefused"],
  ],
  ["a NetworkPolicy that opens the pods", { networkPolicies: policies(1) }, ["warn NetworkOpened"]],
  [
    "much at once",
    { ...tooSmall, missingDrivers: ["disk.csi"], networkPolicies: policies(1), kvm: {} },
    ["would DriverMissing", "would QuotaExceeded", "warn NetworkOpened", "note GuestEmulated"],
  ],
])("%s", (_, changes, expected) => expect(all(changes)).toEqual(expected))

test("two quotas are told together", () => {
  const quotas = [quota({ pods: "1" }), quota({ "requests.storage": "1Gi" }, { name: "storage" })]
  const told = blockers(preflight({ quotas }))
  expect(told.map(({ message }) => message)).toEqual([
    expect.stringMatching(/ResourceQuota compute .* 2 needed\. ResourceQuota storage .* 10Gi needed\. Free quota/),
  ])
})

test("many policies are named in part", () => {
  const [told] = warnings(preflight({ networkPolicies: policies(8) }))
  expect(told?.message).toContain("open-0, open-1, open-2, open-3, open-4 and 3 more also apply")
})

test("all that blocks heals, so the session waits for it", () => {
  const refusals = [refusal("claim", "ClaimRefused"), refusal("target", "PodRefused")]
  const kvm = { resource: "kvm", isOffered: false }
  const told = blockers(preflight({ ...tooSmall, missingDrivers: ["disk.csi"], kvm, refusals }))
  expect(told.filter((one) => !isReason(one.reason) || !heals(one))).toEqual([])
  expect(told).toHaveLength(5)
})

test("together they are one verdict: the first one's reason, everybody's words", () => {
  const verdicts = blockers(preflight({ ...tooSmall, missingDrivers: ["disk.csi"] }))
  expect(together(verdicts)).toEqual({
    reason: "DriverMissing",
    message: verdicts.map(({ message }) => message).join(" "),
  })
  expect(together([])).toBeUndefined()
})
