import { expect, test } from "vitest"
import { accept } from "../../../../src/session/accept.ts"
import type { ObservedSources } from "../../../../src/session/observed.ts"
import { forecast } from "../../../../src/session/preflight/forecast.ts"
import { isVerdict } from "../../../../src/session/verdict.ts"
import { filesystemContent, names, pending, session, snapshot, sources, spec } from "../../../support/observed.ts"

type Kind = "VolumeSnapshot" | "VolumeSnapshotContent" | "StorageClass"
const foresee = (of: ObservedSources, unread: Kind[] = [], what = spec()) =>
  forecast(what, session, of, (kind) => unread.includes(kind))

const { content: _, ...withoutContent } = snapshot("nightly")
const failed = { ...withoutContent, ready: false, error: "the pool is full" }
const byName = (storageClassName?: string) =>
  spec({ source: { volumeSnapshots: [{ name: "nightly", ...(storageClassName && { storageClassName }) }] } })
const point = { name: "nightly", time: "2026-11-22T03:00:00Z" }
const clone = { disk: "data", claim: names.claim(0), snapshot: "nightly", isConverted: false, size: "1Gi" }

test.each<[string, Partial<ObservedSources>]>([
  ["all in order", {}],
  ["a Filesystem snapshot", { snapshots: [snapshot("nightly", { content: filesystemContent("nightly") })] }],
  ["no snapshot", { snapshots: [] }],
  ["a foreign content", { snapshots: [snapshot("nightly", { content: filesystemContent("weekly") })] }],
  ["no class of the driver", { storageClasses: [] }],
  ["a class that retains", { storageClasses: [{ name: "fast", provisioner: "disk.csi", reclaimPolicy: "Retain" }] }],
])("with all rights it is the operator's choice: %s", (_, changes) => {
  const all = { ...sources, ...changes }
  const choice = accept(pending({ session, sources: all }))
  const { disks, problems } = foresee(all)
  const chosen = isVerdict(choice) ? { recoveryPoints: [], clones: [] } : choice
  const foreseen = problems.length > 0 ? [] : disks
  expect(problems).toEqual(isVerdict(choice) ? [choice] : [])
  expect(foreseen.map(({ clone: { claim, size, storageClassName } }) => [claim, size, storageClassName])).toEqual(
    chosen.clones.map(({ claim, size, storageClassName }) => [claim, size, storageClassName]),
  )
  expect(foreseen.map(({ recoveryPoint }) => recoveryPoint)).toEqual(
    chosen.recoveryPoints.map(({ name, time }) => ({ name, time })),
  )
})

test("whoever may not read contents and classes learns the point, the size and the claim's class", () => {
  const known = { ...sources, snapshots: [withoutContent], storageClasses: [] }
  expect(foresee(known, ["VolumeSnapshotContent", "StorageClass"])).toEqual({
    problems: [],
    disks: [{ recoveryPoint: point, clone: { ...clone, storageClassName: "fast" } }],
  })
})

test.each([
  ["the class that is named", "slow", sources.claims, "slow"],
  ["no class, when the claim is gone", undefined, [], undefined],
])("%s is all there is to say without the right to read classes", (_, named, claims, expected) => {
  const known = { ...sources, claims, storageClasses: [] }
  const { disks, problems } = foresee(known, ["StorageClass"], byName(named))
  expect([disks[0]?.clone.storageClassName, problems]).toEqual([expected, []])
  expect(disks[0]?.clone.driver).toBe("disk.csi")
})

test("classes that can be read don't help where the driver can't", () => {
  const known = { ...sources, snapshots: [withoutContent] }
  expect(foresee(known, ["VolumeSnapshotContent"], byName("other")).problems).toEqual([])
})

test("what the snapshot itself says is told all the same", () => {
  const { problems } = foresee({ ...sources, snapshots: [failed] }, ["VolumeSnapshotContent"], byName())
  expect(problems).toMatchObject([{ reason: "SnapshotNotReady" }])
})

test("whoever may not look for snapshots is not told that there are none", () => {
  expect(foresee({ ...sources, snapshots: [] }, ["VolumeSnapshot"])).toEqual({ disks: [], problems: [] })
})

test("several disks: each has its own problem", () => {
  const claims = spec({
    source: { persistentVolumeClaims: [{ name: "data" }, { name: "log", storageClassName: "no" }] },
  })
  const both = [snapshot("nightly", { restoreSize: undefined } as never), snapshot("log-1", { claimName: "log" })]
  const { problems, disks } = foresee({ ...sources, snapshots: both }, [], claims)
  expect(problems.map(({ reason }) => reason)).toEqual(["SnapshotNotReady", "StorageClassNotFound"])
  expect(disks.map((one) => one.clone.disk)).toEqual(["data", "log"])
})
