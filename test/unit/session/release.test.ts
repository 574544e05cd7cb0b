import { expect, test } from "vitest"
import { decide } from "../../../src/session/decide.ts"
import type { Observed } from "../../../src/session/observed.ts"
import * as at from "../../support/observed.ts"
import { minutes, names, now, nothingLeft, ready, session, spec, unmounting } from "../../support/observed.ts"

const targetPod = names.pod("target", 0)
const restorePod = names.pod("restore", 0)
const restoreReleased = at.mounted({ state: "Released" })
const targetReleased = at.serving({ state: "Released", initiators: 0 })
const unreachable = { podName: restorePod, unreachable: "time-out" }
const removeRestore = `remove Pod ${restorePod}`
const removeAttachment = `remove FileRecoveryAttachment ${names.base}`

function does(observed: Observed): string {
  const { control, remove, status } = decide(observed, now)
  const done = [
    ...control.map((call) => `${call.do} ${call.podName}`),
    ...remove.map(({ kind, name, graceSeconds }) =>
      [`remove ${kind} ${name}`, ...(graceSeconds === undefined ? [] : [`in ${graceSeconds} s`])].join(" "),
    ),
  ]
  return done.join(", ") || (status.phase === "Unmounting" ? "waits" : (status.phase ?? ""))
}

test.each<[string, Observed, string]>([
  ["everything runs", unmounting(), `release ${restorePod}`],
  ["the restore pod is releasing", unmounting(at.mounted({ state: "Releasing" })), "waits"],
  ["the restore pod does not answer", unmounting({ restore: unreachable }), "waits"],
  ["the restore pod does not answer for 20 s", unmounting({ restore: unreachable }, 20), removeRestore],
  ["the restore pod is releasing for 90 s", unmounting(at.mounted({ state: "Releasing" }), 90), removeRestore],
  [
    "the restore pod never got to run",
    unmounting({
      pods: [at.pod("target"), at.pod("restore", { phase: "Pending", containers: [] })],
      restore: unreachable,
    }),
    `${removeRestore} in 5 s`,
  ],
  [
    "the restore pod is being deleted",
    unmounting({ pods: [at.pod("target"), at.pod("restore", { deleting: true })], restore: unreachable }, 120),
    "waits",
  ],
  ["the restore pod has released", unmounting(restoreReleased), `release ${targetPod}`],
  [
    "the restore pod has ended",
    unmounting({ pods: [at.pod("target"), at.ended("restore", "Error", "x")] }),
    `release ${targetPod}`,
  ],
  [
    "the restore pod found no node",
    unmounting({ pods: [at.pod("target"), { ...at.pod("restore", { phase: "Pending" }), node: undefined } as never] }),
    `release ${targetPod}`,
  ],
  [
    "the target still has an initiator",
    unmounting({ ...restoreReleased, ...at.serving({ state: "Released", initiators: 1 }) }),
    `release ${targetPod}`,
  ],
  ["the target is releasing", unmounting({ ...restoreReleased, ...at.serving({ state: "Releasing" }) }), "waits"],
  ["both have released", unmounting({ ...restoreReleased, ...targetReleased }), removeAttachment],
  ["both pods were gone already", unmounting({ pods: [] }), removeAttachment],
  [
    "both pods have ended",
    unmounting({ pods: [at.ended("target", "Error", "x"), at.ended("restore", "Error", "x")] }),
    removeAttachment,
  ],
  [
    "the attachment is going",
    unmounting({
      ...restoreReleased,
      ...targetReleased,
      attachment: { name: names.base, uid: "a", deleting: true, createdAt: 0 },
    }),
    "waits",
  ],
  [
    "the attachment is going, and with it the pods",
    unmounting({
      attachment: { name: names.base, uid: "a", deleting: true, createdAt: 0 },
      pods: [at.pod("target", { deleting: true }), at.pod("restore", { deleting: true })],
    }),
    "waits",
  ],
  ["the attachment was deleted and its pods orphaned", unmounting({ attachment: undefined }), `release ${restorePod}`],
  ["a pod is left", unmounting({ ...nothingLeft, pods: [at.ended("target", "Error", "x")] }), "waits"],
  ["a claim is left", unmounting({ ...nothingLeft, claims: [at.claim()] }), "waits"],
  ["a policy is left", unmounting({ ...nothingLeft, network: at.network.slice(3) }), "waits"],
  ["a volume is left", unmounting({ ...nothingLeft, persistentVolumes: ["pvc-1"] }), "waits"],
  [
    "a claim is left that the collector forgot",
    unmounting({ ...nothingLeft, claims: [at.claim()] }, 120),
    `remove PersistentVolumeClaim ${names.claim(0)}`,
  ],
  ["nothing is left, says a cache", unmounting({ ...nothingLeft, live: false }), "waits"],
  ["nothing is left", unmounting(nothingLeft), "Unmounted"],
])("%s: %s", (_, observed, expected) => expect(does(observed)).toBe(expected))

test("once the attachment goes, what is left is told, not who should release", () => {
  const attachment = { name: names.base, uid: "a", deleting: true, createdAt: 0 }
  const { status } = decide(unmounting({ attachment, pods: [at.pod("restore", { deleting: true })] }), now)
  expect(status.conditions?.find(({ type }) => type === "Released")?.message).toBe(
    `Waiting until everything that FileRecoveryAttachment ${names.base} owns is gone.`,
  )
})

test("what is waited for is told by name and node", () => {
  const message = (observed: Observed) =>
    decide(observed, now).status.conditions?.find(({ type }) => type === "Released")?.message
  expect(message(unmounting())).toBe(`Waiting until pod ${restorePod} on node n1 has released its disks.`)
  expect(message(unmounting({ ...nothingLeft, claims: [at.claim()], persistentVolumes: ["pvc-1"] }))).toBe(
    `Waiting until these are gone: PersistentVolumeClaim ${names.claim(0)}, PersistentVolume pvc-1.`,
  )
})

const ending = (reason: string): Observed => {
  const { status, ...rest } = unmounting(nothingLeft)
  return { ...rest, status: { ...status, release: { reason, message: "because." } } }
}

test.each([
  ["UnmountRequested", "Unmounted", "Accepted=True Released=True Complete=True"],
  ["SessionDeleted", "Unmounted", "Accepted=True Released=True Complete=True"],
  ["TtlEnded", "Expired", "Accepted=True Released=True Complete=True"],
  ["TargetLost", "Failed", "Accepted=True Released=True Ready=False Stalled=True"],
  ["PendingTimeout", "Failed", "Accepted=True Released=True Ready=False Stalled=True"],
])("%s ends as %s", (reason, phase, conditions) => {
  const { status, requeueAfterMs } = decide(ending(reason), now)
  expect(status.phase).toBe(phase)
  expect(status.conditions?.map((one) => `${one.type}=${one.status}`).join(" ")).toBe(conditions)
  expect(status).toMatchObject({ finishedAt: at.iso(now), release: { reason, initiatorsAtRelease: 0 } })
  expect(status).not.toHaveProperty("targets")
  expect(requeueAfterMs).toBeUndefined()
})

test("the summary keeps the highest numbers anybody has heard", () => {
  const first = decide(unmounting(at.serving({ bytesServed: 5000, writeAttempts: 2 })), now).status
  expect(first.release).toMatchObject({ bytesServed: 5000, writeAttempts: 2, filesRead: 2, initiatorsAtRelease: 1 })
  const last = decide(unmounting({ ...nothingLeft, status: first, target: undefined as never }), now).status
  expect(last.release).toMatchObject({ bytesServed: 5000, writeAttempts: 2, filesRead: 2, initiatorsAtRelease: 0 })
})

test("how many initiators there were last is not forgotten when the target no longer answers", () => {
  const first = decide(unmounting(targetReleased), now).status
  const silent = { podName: targetPod, unreachable: "time-out" }
  expect(decide(unmounting({ status: first, target: silent }), now).status.release?.initiatorsAtRelease).toBe(0)
})

test("a clone that was bound during the release is waited for too", () => {
  const { status, ...rest } = unmounting()
  const { clones } = decide({ ...rest, status: { ...status, clones: at.startedStatus.clones } }, now).status
  expect(clones?.[0]?.persistentVolume).toBe("pvc-1")
})

// After that nobody need be there to delete it: also not where the operator was uninstalled.
test.each([
  ["deleted", { session: { ...session, deleting: true } }],
  ["unmounted", {}],
])("the finalizer goes when a session that is %s has nothing left, and not before", (_, changes) => {
  expect(decide(unmounting(changes), now).finalizer).toBe("keep")
  expect(decide(unmounting({ ...changes, ...nothingLeft }), now).finalizer).toBe("remove")
})

test("a finished session is left alone, also when it is deleted", () => {
  const done = decide(unmounting(nothingLeft), now).status
  const later = now + minutes(1000)
  for (const deleting of [false, true]) {
    const gone = { ...session, finalizer: false, deleting }
    const plan = { finalizer: "keep", status: done, control: [], remove: [] }
    expect(decide(ready({ ...nothingLeft, status: done, session: gone, spec: spec() }), later)).toEqual(plan)
  }
})

// The orphan collector only comes when the object is gone, and another finalizer can keep it for ever.
test("a deleted session that only another finalizer keeps is released all the same", () => {
  const foreign = { ...session, deleting: true, finalizer: false }
  const plan = decide(ready({ session: foreign }), now)
  expect(plan).toMatchObject({ finalizer: "keep", status: { phase: "Unmounting" } })
  expect(plan.control).toContainEqual(expect.objectContaining({ do: "release", reason: "SessionDeleted" }))
  const done = decide(unmounting({ session: foreign, ...nothingLeft }), now)
  expect(done).toMatchObject({ finalizer: "keep", status: { phase: "Unmounted" } })
})
