import { expect, test } from "vitest"
import { decide } from "../../../src/session/decide.ts"
import type { Observed } from "../../../src/session/observed.ts"
import * as at from "../../support/observed.ts"
import { convertedClone, converting, names, now, pending, sources } from "../../support/observed.ts"

const name = names.snapshot(0)
const content = at.temporaryContent()
const snapshot = at.temporarySnapshot()
const { snapshotUid: _, ...unbound } = content

const filesystem = { ...sources, snapshots: [at.snapshot("nightly", { content: at.filesystemContent("nightly") })] }
const noted = (found: Parameters<typeof converting>[0]) => {
  const before = converting(found)
  return { ...before, status: { ...before.status, clones: [convertedClone("content-uid")] } }
}
const source = (changes: object) =>
  converting({}, { sources: { ...sources, snapshots: [at.snapshot("nightly", changes)] } })
const stolen = { ...at.filesystemContent("nightly"), snapshot: { namespace: "other", name: "theirs", uid: "x" } }

/** What is made, or why the session ends. */
function does(observed: Observed): string {
  const { provision, status } = decide(observed, now)
  if (status.phase === "Unmounting" || status.phase === "Failed") return `ends: ${status.release?.reason}`
  const made = [
    ...(provision?.contents ?? []).map((one) => `content ${one.name} of ${one.snapshotHandle}`),
    ...(provision?.snapshots ?? []).map((one) => `snapshot ${one.name}`),
    ...(provision?.claims ?? []).map((one) => `claim of ${one.snapshot}`),
    ...(provision?.pods ?? []).map(({ role }) => role),
  ]
  return made.join(", ") || "waits"
}

test.each<[string, Observed, string]>([
  ["a new session", pending({ sources: filesystem }), `content ${name} of handle-of-nightly, restore`],
  ["there is no content yet", converting(), `content ${name} of handle-of-nightly`],
  ["the content is there", converting({ content: unbound }), `snapshot ${name}`],
  ["the snapshot is there", converting({ content, snapshot: { ...snapshot, ready: false } }), "waits"],
  ["the snapshot is not bound", converting({ content: unbound, snapshot }), "waits"],
  ["the snapshot is ready", converting({ content, snapshot }), `claim of ${name}, target`],
  ["the driver fails", converting({ content, snapshot: { ...snapshot, ready: false, error: "full" } }), "waits"],
  ["a content of somebody else", converting({ content: { ...unbound, ours: false } }), "ends: SnapshotNotBound"],
  ["another content of that name", noted({ content: { ...unbound, uid: "new" } }), "ends: SnapshotNotBound"],
  [
    "a snapshot of somebody else",
    converting({ content: unbound, snapshot: { ...snapshot, ours: false } }),
    "ends: SnapshotNotBound",
  ],
  ["the content was deleted", noted({}), "ends: CloneLost"],
  ["the content is being deleted", converting({ content: { ...unbound, deleting: true } }), "ends: CloneLost"],
  ["the content no longer retains", converting({ content: { ...unbound, retained: false } }), "ends: CloneLost"],
  ["the snapshot was deleted", converting({ content }), "ends: CloneLost"],
  [
    "the snapshot is being deleted",
    converting({ content, snapshot: { ...snapshot, deleting: true } }),
    "ends: CloneLost",
  ],
  [
    "the snapshot was deleted and made again",
    converting({ content, snapshot: { ...snapshot, uid: "new" } }),
    "ends: CloneLost",
  ],
  ["the user's content belongs to another by now", source({ content: stolen }), "ends: SnapshotNotBound"],
  ["the user's snapshot is being deleted", source({ deleting: true }), "ends: SnapshotNotFound"],
])("%s: %s", (_, observed, expected) => expect(does(observed)).toBe(expected))

test.each([
  ["the content", converting(), "False/Cloning", `VolumeSnapshotContent ${name} is being created.`],
  [
    "the driver",
    converting({ content, snapshot: { ...snapshot, ready: false } }),
    "False/Cloning",
    `VolumeSnapshot ${name} is not readyToUse yet.`,
  ],
  [
    "what the driver can't do",
    converting({ content: { ...content, error: "no such snapshot" }, snapshot: { ...snapshot, ready: false } }),
    "False/CloneFailed",
    `VolumeSnapshot ${name}: no such snapshot. Read the driver's words in the message.`,
  ],
])("the conditions say that %s is waited for", (_, observed, state, message) => {
  const { status, requeueAfterMs } = decide(observed, now)
  const told = status.conditions?.find(({ type }) => type === "VolumesReady")
  expect([`${told?.status}/${told?.reason}`, told?.message]).toEqual([state, message])
  expect(status.targets).toBeUndefined()
  expect(requeueAfterMs).toBe(3000)
})

test("the UID of the content is in the status as soon as it has one", () => {
  expect(decide(converting({ content: unbound }), now).status.clones).toEqual([convertedClone("content-uid")])
})

test("what was made of a converted snapshot is named in the status before it is made", () => {
  expect(decide(pending({ sources: filesystem }), now).status.clones).toEqual([convertedClone()])
})

test("once the clone is bound the temporary snapshot is of no more interest", () => {
  const before = at.ready()
  const clones = [convertedClone("content-uid")]
  const { status, provision } = decide({ ...before, status: { ...before.status, clones } }, now)
  expect([status.phase, provision]).toEqual(["Ready", undefined])
})

test("a driver that can't clone it as a block device is told to have to", () => {
  const claims = [at.claim({ phase: "Pending", warning: "block volumes are not supported" })]
  const { status } = decide({ ...converting({ content, snapshot }), claims }, now)
  expect(status.conditions?.find(({ type }) => type === "VolumesReady")?.message).toContain(
    "block volumes are not supported (Cloned from a Filesystem claim as Block: its driver must be able to.)",
  )
})
