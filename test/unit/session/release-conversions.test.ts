import { expect, test } from "vitest"
import { decide } from "../../../src/session/decide.ts"
import type { Observed, ObservedConversion } from "../../../src/session/observed.ts"
import * as at from "../../support/observed.ts"
import { convertedClone, names, now, nothingLeft, ready, unmounting } from "../../support/observed.ts"

const name = names.snapshot(0)
const snapshot = at.temporarySnapshot()
const content = at.temporaryContent()
const both = { snapshot, content }
const attachment = ready().attachment

/** A release that has got as far as that both pods have let go. */
function releasing(
  found: Omit<ObservedConversion, "claim"> | undefined,
  changes: Partial<Observed> = {},
  uid?: string,
) {
  const before = unmounting()
  return {
    ...before,
    status: { ...before.status, clones: [convertedClone(uid)] },
    pods: [],
    claims: [],
    live: true,
    ...(found && { conversions: [{ claim: names.claim(0), ...found }] }),
    ...changes,
  }
}
const known = (found: Omit<ObservedConversion, "claim">, changes: Partial<Observed> = {}) =>
  releasing(found, changes, "content-uid")

function does(observed: Observed): string {
  const { remove, status } = decide(observed, now)
  return remove.map((one) => `remove ${one.kind} ${one.name}`).join(", ") || (status.phase ?? "")
}

const endedPods = [at.ended("target", "Completed", "x"), at.ended("restore", "Completed", "x")]

test.each<[string, Observed, string]>([
  ["nobody has looked yet", releasing(undefined), "Unmounting"],
  [
    "the pods have ended",
    known(both, { pods: endedPods, claims: [at.claim()] }),
    `remove Pod ${names.pod("target", 0)}, remove Pod ${names.pod("restore", 0)}`,
  ],
  ["the pods go", known(both, { pods: endedPods.map((pod) => ({ ...pod, deleting: true })) }), "Unmounting"],
  ["the pods are gone", known(both, { claims: [at.claim()] }), `remove PersistentVolumeClaim ${names.claim(0)}`],
  ["the claims are gone, says a cache", known(both, { live: false }), "Unmounting"],
  ["the claims are gone, a volume is not", known(both, { persistentVolumes: ["pvc-1"] }), "Unmounting"],
  ["the volumes are gone", known(both), `remove VolumeSnapshot ${name}`],
  ["the snapshot goes", known({ content, snapshot: { ...snapshot, deleting: true } }), "Unmounting"],
  ["the snapshot is gone", known({ content }), `remove VolumeSnapshotContent ${name}`],
  ["the content is not noted yet", releasing({ content }), "Unmounting"],
  ["the content goes", known({ content: { ...content, deleting: true } }), "Unmounting"],
  ["both are gone", known({}), `remove FileRecoveryAttachment ${names.base}`],
  ["neither was ever made", releasing({}), `remove FileRecoveryAttachment ${names.base}`],
  [
    "those of their names are somebody else's",
    releasing({ snapshot: { ...snapshot, ours: false }, content: { ...content, ours: false } }),
    `remove FileRecoveryAttachment ${names.base}`,
  ],
  [
    "another content of that name",
    known({ content: { ...content, uid: "another" } }),
    `remove FileRecoveryAttachment ${names.base}`,
  ],
  ["the content no longer retains", known({ content: { ...content, retained: false } }), "Unmounting"],
  [
    "the content no longer retains, and the snapshot is still there",
    known({ snapshot, content: { ...content, retained: false } }, { claims: [at.claim()] }),
    "Unmounting",
  ],
  [
    "the attachment was deleted, the content is left",
    known({ content }, nothingLeft),
    `remove VolumeSnapshotContent ${name}`,
  ],
  ["all is gone", known({}, nothingLeft), "Unmounted"],
  ["all is gone, but nobody has looked for contents", releasing(undefined, nothingLeft), "Unmounting"],
])("%s: %s", (_, observed, expected) => expect(does(observed)).toBe(expected))

test("nothing is removed before all disks were looked at", () => {
  const before = known({ content })
  const clones = [convertedClone("content-uid"), { ...convertedClone("x"), claim: names.claim(1) }]
  expect(does({ ...before, status: { ...before.status, clones } })).toBe("Unmounting")
})

test("a content is removed only as it was read", () => {
  expect(decide(known({ content }), now).remove).toEqual([
    { kind: "VolumeSnapshotContent", name, uid: "content-uid", resourceVersion: "7" },
  ])
})

test("a content that was not noted before a crash is noted, and removed at the next look", () => {
  const first = releasing({ content })
  const { status, requeueAfterMs } = decide(first, now)
  expect([status.clones, requeueAfterMs]).toEqual([[convertedClone("content-uid")], 0])
  expect(does({ ...first, status })).toBe(`remove VolumeSnapshotContent ${name}`)
})

test("a release that begins by itself looks before it removes anything", () => {
  const expired = { ...releasing(undefined), attachment, spec: at.spec({ ttl: "1m" }) }
  const { phase: _, release: __, ...status } = expired.status
  const plan = decide({ ...expired, status: { ...status, phase: "Ready" } }, now)
  expect([plan.status.phase, plan.remove, plan.requeueAfterMs]).toEqual(["Unmounting", [], 0])
})

test("what only a person can do is asked for", () => {
  const { status } = decide(known({ content: { ...content, retained: false } }), now)
  expect(status.conditions?.find(({ type }) => type === "Released")?.message).toBe(
    `VolumeSnapshotContent ${name} no longer has deletionPolicy Retain: its removal would erase the snapshot it shares. Set it to Retain.`,
  )
})
