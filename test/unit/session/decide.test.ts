import { expect, test } from "vitest"
import { decide } from "../../../src/session/decide.ts"
import type { Observed } from "../../../src/session/observed.ts"
import type { Plan } from "../../../src/session/plan.ts"
import * as at from "../../support/observed.ts"
import { minutes, names, now } from "../../support/observed.ts"

const { pending, provisioning, ready, session, sources, spec } = at
const created = (ago: number) => ({ session: { ...session, finalizer: false, createdAt: now - ago } })

function condition({ status }: Plan, type: string): string {
  const found = status.conditions?.find((one) => one.type === type)
  return found ? `${found.status}/${found.reason}` : "absent"
}

test.each<[string, Observed, string, string]>([
  ["a new session", pending(), "Provisioning", "True/Accepted"],
  ["no snapshot yet", pending({ sources: { ...sources, snapshots: [] } }), "Pending", "False/NoRecoveryPoint"],
  ["a policy is missing", pending({ policiesMissing: ["x"] }), "Pending", "False/PolicyMissing"],
  [
    "no snapshot for an hour",
    pending({ ...created(minutes(60)), sources: { ...sources, snapshots: [] } }),
    "Failed",
    "False/PendingTimeout",
  ],
  [
    "a class that can't be chosen",
    pending({ sources: { ...sources, storageClasses: [] } }),
    "Failed",
    "False/StorageClassNotFound",
  ],
  ["an invalid spec", pending({ spec: undefined, specProblem: "no." }), "Failed", "False/SpecInvalid"],
  ["created unmounted", pending({ spec: spec({ desiredState: "Unmounted" }) }), "Unmounted", "absent"],
  [
    "refused, but an attachment of a try before is there",
    pending({
      spec: undefined,
      live: false,
      attachment: { name: names.base, uid: "a", deleting: false, createdAt: now },
    }),
    "Unmounting",
    "absent",
  ],
  ["the clone is not bound", provisioning(), "Provisioning", "True/Accepted"],
  [
    "everything is up",
    provisioning({
      claims: [at.claim()],
      pods: [at.pod("target"), at.pod("restore")],
      ...at.serving(),
      ...at.mounted(),
    }),
    "Ready",
    "True/Accepted",
  ],
  ["ready", ready(), "Ready", "True/Accepted"],
  ["ready, the target is being replaced", ready({ pods: [at.pod("restore")] }), "Ready", "True/Accepted"],
  [
    "not ready for an hour",
    provisioning({ status: { ...at.startedStatus, startedAt: at.iso(now - minutes(60)) } }),
    "Unmounting",
    "absent",
  ],
])("%s: %s", (_, observed, phase, accepted) => {
  const plan = decide(observed, now)
  expect([plan.status.phase, condition(plan, "Accepted")]).toEqual([phase, accepted])
})

test.each<[string, Observed, string]>([
  [
    "unmount asked while still provisioning",
    provisioning({ spec: spec({ desiredState: "Unmounted" }) }),
    "UnmountRequested",
  ],
  ["deleted while still provisioning", provisioning({ session: { ...session, deleting: true } }), "SessionDeleted"],
  ["deleted while ready", ready({ session: { ...session, deleting: true } }), "SessionDeleted"],
  [
    "ttl ended while the operator was away",
    ready({ status: { ...ready().status, startedAt: at.iso(now - minutes(800)) } }),
    "TtlEnded",
  ],
  ["a ttl that was lowered", ready({ spec: spec({ ttl: "1m" }) }), "TtlEnded"],
  [
    "an administrator's maximum that was lowered",
    ready({ limits: { maxTtlMs: 30_000, pendingTimeoutMs: 1 } }),
    "TtlEnded",
  ],
  ["the attachment was deleted", ready({ attachment: undefined }), "AttachmentLost"],
  [
    "the attachment is being deleted",
    ready({ attachment: { name: names.base, uid: "attachment-uid", deleting: true, createdAt: 0 } }),
    "AttachmentLost",
  ],
  [
    "the attachment is another",
    ready({ attachment: { name: names.base, uid: "another", deleting: false, createdAt: 0 } }),
    "AttachmentLost",
  ],
  ["a bound clone was deleted", ready({ claims: [] }), "CloneLost"],
  ["a clone is being deleted", ready({ claims: [at.claim({ deleting: true })] }), "CloneLost"],
  ["a clone lost its volume", ready({ claims: [at.claim({ phase: "Lost" })] }), "CloneLost"],
  [
    "the snapshot was deleted before its clone was made",
    provisioning({ sources: { ...sources, snapshots: [] } }),
    "SnapshotNotFound",
  ],
  [
    "the snapshot is being deleted, which waits for the clone that is no longer made of it",
    provisioning({ sources: { ...sources, snapshots: [at.snapshot("nightly", { deleting: true })] } }),
    "SnapshotNotFound",
  ],
  [
    "the snapshot is another of the same name",
    provisioning({ sources: { ...sources, snapshots: [at.snapshot("nightly", { uid: "new" })] } }),
    "SnapshotNotFound",
  ],
  [
    "the device can't be read",
    provisioning({ pods: [at.ended("target", "DeviceNotReadable", "EACCES"), at.pod("restore")] }),
    "DeviceNotReadable",
  ],
  [
    "somebody emptied the clones",
    provisioning({ status: { ...at.startedStatus, clones: [], recoveryPoints: [] } }),
    "Internal",
  ],
  [
    "a release that began goes on for its first reason",
    at.unmounting({ session: { ...session, deleting: true } }),
    "UnmountRequested",
  ],
])("%s: released for %s", (_, observed, reason) => {
  const { status, provision } = decide(observed, now)
  expect([status.phase, status.release?.reason, provision]).toEqual(["Unmounting", reason, undefined])
})

test("a new session gets everything at once, the finalizer first", () => {
  const plan = decide(pending(), now)
  expect(plan.finalizer).toBe("add")
  expect(plan.provision).toEqual({
    attachment: { name: names.base },
    contents: [],
    snapshots: [],
    claims: [{ name: names.claim(0), storageClassName: "fast", size: "1Gi", snapshot: "nightly" }],
    surroundings: true,
    pods: [
      { role: "target", name: names.pod("target", 0) },
      { role: "restore", name: names.pod("restore", 0) },
    ],
  })
  expect(plan.status).toMatchObject({ startedAt: at.iso(now), expiresAt: at.iso(now + minutes(720)) })
  expect(plan.requeueAfterMs).toBe(500)
})

test("an attachment from before a crash is taken over, and the session started when it was made", () => {
  const attachment = { name: names.base, uid: "attachment-uid", deleting: false, createdAt: now - minutes(30) }
  const plan = decide(pending({ attachment, live: false }), now)
  expect(plan.provision?.attachment).toEqual({ name: names.base, uid: "attachment-uid" })
  expect(plan.status.startedAt).toBe(at.iso(now - minutes(30)))
})

test("a session that runs costs nothing until its numbers are due", () => {
  const first = decide(ready(), now)
  expect(first.provision).toBeUndefined()
  expect([first.control, first.remove, first.requeueAfterMs]).toEqual([[], [], 15_000])
  const again = decide(ready({ status: first.status, ...at.serving({ bytesServed: 9999 }) }), now + 5000)
  expect(again.status).toEqual(first.status)
  const later = decide(ready({ status: first.status, ...at.serving({ bytesServed: 9999 }) }), now + 15_000)
  expect(later.status.usage).toMatchObject({ bytesServed: 9999, filesRead: 2, observedAt: at.iso(now + 15_000) })
})

test("the next look is exact at expiry", () => {
  expect(decide(ready({ spec: spec({ ttl: "70s" }) }), now).requeueAfterMs).toBe(10_000)
})

test("a pod with another deadline than the session's is told", () => {
  const { control, status } = decide(ready({ spec: spec({ ttl: "2h" }) }), now)
  const deadline = at.iso(now + minutes(119))
  expect(status.expiresAt).toBe(deadline)
  expect(control).toEqual([
    { role: "target", podName: names.pod("target", 0), do: "deadline", deadline },
    { role: "restore", podName: names.pod("restore", 0), do: "deadline", deadline },
  ])
})

test.each<[string, Observed, string]>([
  ["VolumesReady while the driver works", provisioning(), "VolumesReady False/Cloning"],
  [
    "VolumesReady in the driver's words",
    provisioning({ claims: [at.claim({ phase: "Pending", warning: "no space" })] }),
    "VolumesReady False/CloneFailed",
  ],
  [
    "TargetServing while the scheduler finds no node",
    provisioning({ pods: [at.pod("target", { phase: "Pending", unschedulable: "0/3 nodes" }), at.pod("restore")] }),
    "TargetServing False/PodUnschedulable",
  ],
  [
    "Mounted while the image can't be pulled",
    provisioning({
      pods: [
        at.pod("target"),
        at.pod("restore", {
          phase: "Pending",
          containers: [{ name: "files", state: "waiting", reason: "ImagePullBackOff" }],
        }),
      ],
    }),
    "Mounted False/ImagePullFailed",
  ],
  [
    "Mounted while the guest looks for volumes",
    provisioning(at.mounted({ state: "Mounting" })),
    "Mounted False/Mounting",
  ],
  ["TargetServing while the pod is replaced", ready({ pods: [at.pod("restore")] }), "TargetServing False/TargetLost"],
  ["Ready while the pod is replaced", ready({ pods: [at.pod("restore")] }), "Ready False/TargetLost"],
  ["Ready with everything up", ready(), "Ready True/Mounted"],
])("%s", (_, observed, expected) => {
  const plan = decide(observed, now)
  const type = expected.split(" ")[0] ?? ""
  expect(`${type} ${condition(plan, type)}`).toBe(expected)
})

test.each([
  ["a day ahead was written by a clock that was wrong: it counts from now", 24 * 60, 0],
  ["as far ahead as clocks may be apart stays", 5, 5],
])("a start %s", (_, ahead, counted) => {
  const { status } = decide(ready({ status: { ...ready().status, startedAt: at.iso(now + minutes(ahead)) } }), now)
  expect(status).toMatchObject({
    startedAt: at.iso(now + minutes(counted)),
    expiresAt: at.iso(now + minutes(720 + counted)),
  })
})

test("a micro-VM that takes long for want of CPU is not to blame: the condition says what to do", () => {
  const slow = decide(provisioning(at.mounted({ state: "Mounting", shortOfCpu: true })), now)
  const { message } = slow.status.conditions?.find(({ type }) => type === "Mounted") ?? {}
  expect(message).toMatch(/too little CPU.*raise the chart's resources\.guest/)
})

test("an answer that is lost once changes nothing, a pod that is lost does", () => {
  const status = decide(ready(), now).status
  const silent = { podName: names.pod("target", 0), unreachable: "time-out" }
  expect(condition(decide(ready({ status, target: silent }), now), "TargetServing")).toBe("True/Serving")
  expect(condition(decide(ready({ status, target: silent, pods: [at.pod("restore")] }), now), "TargetServing")).toBe(
    "False/TargetLost",
  )
})

test("a data path that is down for 10 minutes is given up", () => {
  const down = (ago: number) => {
    const conditions = [
      {
        type: "Ready",
        status: "False" as const,
        reason: "TargetLost",
        message: "",
        lastTransitionTime: at.iso(now - ago),
      },
    ]
    return decide(
      ready({
        status: { ...ready().status, conditions },
        pods: [at.pod("target", { phase: "Pending" }), at.pod("restore")],
        target: { podName: "x", unreachable: "" },
      }),
      now,
    )
  }
  expect(down(minutes(9)).status.phase).toBe("Ready")
  expect(down(minutes(10)).status.release?.reason).toBe("TargetLost")
})

test("names that can't all be told in one status are refused", () => {
  const many = Array.from({ length: 64 }, (_, index) => `${"x".repeat(247)}-${index}`)
  const snapshots = many.map((name) => at.snapshot(name, { claimName: name }))
  const observed = pending({
    spec: spec({ source: { persistentVolumeClaims: many.map((name) => ({ name })) } }),
    sources: {
      ...sources,
      snapshots,
      storageClasses: [{ name: "c".repeat(253), provisioner: "disk.csi", reclaimPolicy: "Delete" }],
    },
  })
  expect(decide(observed, now).status).toMatchObject({ phase: "Failed", release: { reason: "SpecInvalid" } })
})

test("a status somebody emptied does not start the 12 hours anew", () => {
  const attachment = { name: names.base, uid: "attachment-uid", deleting: false, createdAt: now - minutes(700) }
  expect(decide(ready({ status: {}, attachment }), now).status.expiresAt).toBe(at.iso(now + minutes(20)))
})
