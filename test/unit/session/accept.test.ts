import { expect, test } from "vitest"
import { accept } from "../../../src/session/accept.ts"
import type { Observed, ObservedSnapshot } from "../../../src/session/observed.ts"
import { filesystemContent, names, pending, snapshot, sources, spec } from "../../support/observed.ts"

const fast = { name: "fast", provisioner: "disk.csi", reclaimPolicy: "Delete" }
const slow = { name: "slow", provisioner: "disk.csi", reclaimPolicy: "Delete" }
const other = { name: "other", provisioner: "other.csi", reclaimPolicy: "Delete" }

const from = (changes: Partial<Observed["sources"]>) => pending({ sources: { ...sources, ...changes } })
const with_ = (changes: Partial<ObservedSnapshot>) => from({ snapshots: [snapshot("nightly", changes)] })
const byName = (changes: Partial<ObservedSnapshot>) =>
  pending({
    spec: spec({ source: { volumeSnapshots: [{ name: "nightly" }] } }),
    sources: { ...sources, snapshots: [snapshot("nightly", changes)] },
  })
const naming = (storageClassName: string, changes: Partial<Observed["sources"]> = {}) =>
  pending({
    spec: spec({ source: { persistentVolumeClaims: [{ name: "data", storageClassName }] } }),
    sources: { ...sources, ...changes },
  })

const content = (namespace: string, name: string, uid: string | undefined) => ({
  content: { driver: "disk.csi", sourceVolumeMode: "Block", snapshot: { namespace, name, uid } },
})
const { content: _, ...withoutContent } = snapshot("nightly")
const { restoreSize: __, ...withoutSize } = snapshot("nightly")
const { contentName: ___, ...unbound } = snapshot("nightly")

test.each([
  ["a policy is missing", pending({ policiesMissing: ["ValidatingAdmissionPolicy frsess-names"] }), "PolicyMissing"],
  ["the spec is not valid", pending({ spec: undefined, specProblem: "spec.ttl: too long." }), "SpecInvalid"],
  ["no snapshot", from({ snapshots: [] }), "NoRecoveryPoint"],
  ["content of another namespace", with_(content("other", "nightly", "uid-of-nightly")), "SnapshotNotBound"],
  ["content of another snapshot", with_(content("shop", "weekly", "uid-of-nightly")), "SnapshotNotBound"],
  ["content of an earlier snapshot of that name", with_(content("shop", "nightly", "uid-before")), "SnapshotNotBound"],
  [
    "content of another snapshot, and the snapshot controller found it first",
    byName({ ready: false, error: "bound to a different snapshot", ...content("other", "nightly", "uid-of-other") }),
    "SnapshotNotBound",
  ],
  ["content not bound yet", byName({ ready: false, ...content("shop", "nightly", undefined) }), "SnapshotNotReady"],
  ["content that names no UID", with_(content("shop", "nightly", undefined)), "SnapshotNotBound"],
  ["content that does not exist", from({ snapshots: [withoutContent] }), "SnapshotNotBound"],
  ["not bound to a content", from({ snapshots: [unbound] }), "SnapshotNotReady"],
  ["no restoreSize", from({ snapshots: [withoutSize] }), "SnapshotNotReady"],
  [
    "a Filesystem snapshot the driver has no name for yet",
    with_({ content: { ...filesystemContent("nightly"), snapshotHandle: undefined } as never }),
    "SnapshotNotReady",
  ],
  [
    "a Filesystem snapshot with a content of another snapshot",
    with_({ content: filesystemContent("weekly") }),
    "SnapshotNotBound",
  ],
  ["a named class that doesn't exist", naming("none"), "StorageClassNotFound"],
  ["a named class of another driver", naming("other", { storageClasses: [fast, other] }), "StorageClassUnfit"],
  [
    "a named class that retains",
    naming("keep", { storageClasses: [{ ...fast, name: "keep", reclaimPolicy: "Retain" }] }),
    "ReclaimPolicyRetain",
  ],
  [
    "the claim's class retains",
    from({ storageClasses: [{ ...fast, reclaimPolicy: "Retain" }, slow] }),
    "ReclaimPolicyRetain",
  ],
  ["no class of the driver", from({ storageClasses: [other] }), "StorageClassNotFound"],
  [
    "the claim is gone, several classes of the driver",
    from({ claims: [], storageClasses: [slow, fast] }),
    "StorageClassAmbiguous",
  ],
])("%s: %s", (_, observed, reason) => expect(accept(observed)).toMatchObject({ reason }))

test("the words of a driver and what to do about them are two sentences", () => {
  const observed = byName({ ready: false, error: "the pool is full" })
  expect(accept(observed)).toHaveProperty("message", expect.stringMatching(/nightly failed: the pool is full\. Wait/))
})

test.each([
  ["the claim's class", from({ storageClasses: [slow, fast] }), "fast"],
  ["the claim is gone, one class of the driver", from({ claims: [], storageClasses: [other, slow] }), "slow"],
  [
    "the claim's class is of another driver",
    from({ claims: [{ name: "data", storageClassName: "other" }], storageClasses: [other, slow] }),
    "slow",
  ],
  ["a named class", naming("slow", { storageClasses: [fast, slow] }), "slow"],
])("%s is taken", (_, observed, storageClassName) => {
  expect(accept(observed)).toEqual({
    recoveryPoints: [
      { disk: "data", kind: "VolumeSnapshot", name: "nightly", uid: "uid-of-nightly", time: "2026-11-22T03:00:00Z" },
    ],
    clones: [{ claim: names.claim(0), storageClassName, size: "1Gi" }],
  })
})

test("disks of several recovery points are cloned one point after the other, each claim with its own class", () => {
  const source = { persistentVolumeClaims: [{ name: "data", storageClassName: "slow" }, { name: "log" }] }
  const at = (claimName: string, day: number) => ({ claimName, takenAt: `2026-11-${day}T03:00:00Z` })
  const of = (name: string, day: number) => snapshot(`${name}-${day}`, at(name, day))
  const observed = pending({
    spec: spec({ source, recoveryPoints: [{}, { name: "log-21" }] }),
    sources: {
      claims: [{ name: "log", storageClassName: "fast" }],
      storageClasses: [fast, slow],
      snapshots: [of("data", 21), of("log", 21), of("data", 22), of("log", 22)],
    },
  })
  const accepted = accept(observed)
  expect(accepted).toMatchObject({
    recoveryPoints: [
      { disk: "data", name: "data-22", point: 1 },
      { disk: "log", name: "log-22", point: 1 },
      { disk: "data", name: "data-21", point: 2 },
      { disk: "log", name: "log-21", point: 2 },
    ],
    clones: ["slow", "fast", "slow", "fast"].map((storageClassName, disk) => ({
      claim: names.claim(disk),
      storageClassName,
    })),
  })
})

test.each([
  ["what the content says", filesystemContent("nightly"), "2147483648"],
  [
    "what the snapshot says, if the content doesn't",
    { ...filesystemContent("nightly"), restoreSize: undefined },
    "1Gi",
  ],
])("a Filesystem snapshot is cloned through a content of our own, as large as %s", (_, found, size) => {
  const name = names.snapshot(0)
  expect(accept(with_({ content: found as never }))).toMatchObject({
    recoveryPoints: [{ name: "nightly" }],
    clones: [{ claim: names.claim(0), storageClassName: "fast", size, snapshot: name, content: { name } }],
  })
})

test("a driver that doesn't tell the mode of the source is trusted to refuse by itself", () => {
  const untold = {
    driver: "disk.csi",
    sourceVolumeMode: undefined,
    snapshot: { namespace: "shop", name: "nightly", uid: "uid-of-nightly" },
  }
  expect(accept(with_({ content: untold }))).toHaveProperty("clones")
})
