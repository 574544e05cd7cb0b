import { expect, test } from "vitest"
import { observedClaim, observedPod, observedPolicy } from "../../../src/controller/gather-objects.ts"
import { readSpec } from "../../../src/gather/sources.ts"
import type { NetworkPolicy, Pod } from "../../../src/kube/objects.ts"

const metadata = { name: "p", uid: "u", labels: { "filerecovery.dev/role": "target" } }
const terminated = (state: object) =>
  ({ metadata, status: { containerStatuses: [{ name: "target", state: { terminated: state } }] } }) as unknown as Pod

test.each([
  [
    "words of our own",
    { exitCode: 1, message: '{"reason":"DeviceNotReadable","message":"EACCES"}' },
    { reason: "DeviceNotReadable", message: "EACCES" },
  ],
  [
    "the end of a log",
    { exitCode: 1, reason: "Error", message: "Segmentation fault\n" },
    { reason: "Error", message: "Segmentation fault\n" },
  ],
  ["JSON of another kind", { exitCode: 1, reason: "Error", message: "[1]" }, { reason: "Error", message: "[1]" }],
  ["null", { exitCode: 1, reason: "Error", message: "null" }, { reason: "Error", message: "null" }],
  ["nothing", { exitCode: 137, reason: "OOMKilled" }, { reason: "OOMKilled", message: "exit code 137" }],
  ["an orderly end", { exitCode: 0, reason: "Completed" }, { reason: "Completed" }],
])("a container that left %s", (_, state, expected) => {
  const {
    name: __,
    state: ___,
    ...rest
  } = observedPod(terminated(state))?.containers[0] ?? { name: "", state: "waiting" }
  expect(rest).toEqual(expected)
})

test("a pod that was just created", () => {
  expect(observedPod({ metadata, spec: { containers: [] } })).toEqual({
    name: "p",
    uid: "u",
    role: "target",
    deleting: false,
    phase: "Pending",
    containers: [],
  })
})

test("a pod the scheduler finds no node for", () => {
  const conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes" }]
  expect(observedPod({ metadata, status: { phase: "Pending", conditions } })?.unschedulable).toBe("0/3 nodes")
})

test("a pod that is being deleted, on a node that is not heard of", () => {
  const pod = {
    metadata: { ...metadata, deletionTimestamp: "2026-11-22T08:00:30Z" },
    status: { phase: "Running", conditions: [{ type: "Ready", status: "False" }] },
  }
  const endsBy = Date.parse("2026-11-22T08:00:30Z")
  expect(observedPod(pod)).toMatchObject({ deleting: true, endsBy, ready: false })
})

test("a pod without a role of ours is none of ours", () => {
  expect(observedPod({ metadata: { name: "p", labels: {} } })).toBeUndefined()
})

test("a claim", () => {
  const object = {
    metadata: { name: "c", uid: "u", deletionTimestamp: "2026-11-22T08:00:00Z" },
    spec: { volumeName: "pv" },
    status: { phase: "Bound" },
  }
  expect(observedClaim(object)).toEqual({ name: "c", uid: "u", phase: "Bound", volumeName: "pv", deleting: true })
})

const control = { from: [{ podSelector: {} }], ports: [{ protocol: "TCP", port: 9443 }] }
const files = { from: [{ podSelector: {} }], ports: [{ protocol: "TCP", port: 8443 }] }

test.each<[string, NonNullable<NetworkPolicy["spec"]>["ingress"], object[]]>([
  ["the operator alone", [control], []],
  ["clients, too", [control, files], [files]],
  [
    "both ports to the same",
    [{ ...control, ports: [...control.ports, ...files.ports] }],
    [{ ...control, ports: [...control.ports, ...files.ports] }],
  ],
  ["everybody to all ports", [{}, control], [{}]],
  ["nobody", undefined, []],
])("a NetworkPolicy that lets in %s", (_, ingress, rules) => {
  const policy = { metadata: { name: "n", uid: "u" }, spec: { podSelector: {}, ...(ingress && { ingress }) } }
  expect(observedPolicy(policy)).toEqual({ kind: "NetworkPolicy", name: "n", uid: "u", deleting: false, rules })
})

test("a spec that is older than the schema is told field by field", () => {
  expect(readSpec({ source: { persistentVolumeClaims: [{ name: "a" }] }, ttl: "9d" })).toEqual({
    spec: undefined,
    specProblem: "spec.ttl: must be a duration such as 12h, 1h30m or 90m; spec.ttl: must be at least 1m.",
  })
})
