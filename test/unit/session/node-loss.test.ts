import { expect, test } from "vitest"
import { decide } from "../../../src/session/decide.ts"
import { isHeldElsewhere, isNodeLost } from "../../../src/session/node-loss.ts"
import type { Observed, ObservedPod } from "../../../src/session/observed.ts"
import * as at from "../../support/observed.ts"
import { now, names, ready, unmounting } from "../../support/observed.ts"

const targetPod = names.pod("target", 0)
const silent: Partial<Observed> = { target: { podName: targetPod, unreachable: "time-out" } }
const overdue = { deleting: true, endsBy: now - 31_000 }
const ended = at.ended("target", "Error", "x").containers

test.each<[string, Partial<ObservedPod>, Partial<Observed>, boolean]>([
  ["no longer ready, silent", { ready: false }, silent, true],
  ["no longer ready, never asked", { ready: false }, { target: undefined } as never, true],
  ["no longer ready, but it answers", { ready: false }, {}, false],
  [
    "no longer ready, another pod answers",
    { ready: false },
    { target: { podName: names.pod("target", 1), report: at.targetReport() } },
    true,
  ],
  ["ready, silent", { ready: true }, silent, false],
  ["not said to be ready or not, silent", {}, silent, false],
  ["no longer ready, its container ended", { ready: false, containers: ended }, silent, false],
  ["no longer ready, pending", { ready: false, phase: "Pending" }, silent, false],
  ["being deleted, in its grace period", { ready: false, deleting: true, endsBy: now + 1000 }, silent, false],
  ["being deleted, ended a moment ago", { ready: false, deleting: true, endsBy: now - 1000 }, silent, false],
  ["should have ended long ago, silent", overdue, silent, true],
  ["should have ended long ago, but it answers", overdue, {}, false],
])("%s", (_, pod, answers, lost) => {
  const one = at.pod("target", pod)
  expect(isNodeLost(one, ready({ pods: [one, at.pod("restore")], ...answers }), now)).toBe(lost)
})

const lostTarget = ready({ pods: [at.pod("target", { ready: false }), at.pod("restore")], ...silent })

test("the target's node is lost: the clones that take the place of its own are written down first", () => {
  const { status, provision, remove } = decide(lostTarget, now)
  expect({ provision, remove }).toEqual({ provision: undefined, remove: [] })
  expect(status.clones).toEqual([
    { claim: names.claim(0, 1), storageClassName: "fast", size: "1Gi" },
    { claim: names.claim(0), storageClassName: "fast", size: "1Gi", persistentVolume: "pvc-1", lostNode: "n1" },
  ])
})

test("then they and a target for them are made; the session goes on and says what it waits for", () => {
  const { status, provision, remove } = decide({ ...lostTarget, status: decide(lostTarget, now).status }, now)
  expect(provision?.claims).toEqual([
    { name: names.claim(0, 1), storageClassName: "fast", size: "1Gi", snapshot: "nightly" },
  ])
  expect(provision?.pods).toEqual([{ role: "target", name: names.pod("target", 1) }])
  expect(remove).toEqual([{ kind: "Pod", name: targetPod, uid: "target-uid" }])
  expect(status.phase).toBe("Ready")
  expect(status.conditions).toContainEqual(
    expect.objectContaining({
      type: "TargetServing",
      status: "False",
      reason: "NodeUnreachable",
      message: expect.stringContaining(`Node n1, with pod ${targetPod}, is not heard of.`),
    }),
  )
})

test("what the lost node holds may vanish, and is not made again", () => {
  const status = decide(lostTarget, now).status
  const fresh = at.claim({ name: names.claim(0, 1), uid: "second", volumeName: "pvc-2" })
  const pods = [at.pod("target", { name: names.pod("target", 1) }), at.pod("restore")]
  const answer = { target: { podName: names.pod("target", 1), report: at.targetReport() } }
  const plan = decide(ready({ status, claims: [fresh], pods, ...answer }), now)
  expect(plan.provision).toBeUndefined()
  expect(plan.status).toMatchObject({ phase: "Ready", clones: [{ persistentVolume: "pvc-2" }, { lostNode: "n1" }] })
})

const held = {
  name: names.pod("target", 1),
  phase: "Pending" as const,
  createdAt: now - 60_000,
  containers: [],
  warning: "Multi-Attach error for volume: Volume is already exclusively attached to one node and can't be attached",
}
const heldTarget = (changes: Partial<ObservedPod> = {}, session: Partial<Observed> = {}) => {
  const one = at.pod("target", { ...held, ...changes })
  return { one, observed: ready({ pods: [one, at.pod("restore")], target: undefined as never, ...session }) }
}
const ownClones = { clones: [{ claim: names.claim(0, 1), storageClassName: "fast", size: "1Gi" }] }

test.each<[string, Partial<ObservedPod>, boolean]>([
  ["for a minute", {}, true],
  ["for less", { createdAt: now - 59_999 }, false],
  ["of unknown age", { createdAt: undefined as never }, false],
  ["for other reasons", { warning: "timed out" }, false],
  ["without a word", { warning: undefined as never }, false],
  ["no longer", { phase: "Running" }, false],
  ["though it is the first", { name: targetPod }, false],
])("a target waits for volumes of another node %s", (_, changes, expected) => {
  const { one, observed } = heldTarget(changes)
  expect(isHeldElsewhere(one, observed, now)).toBe(expected)
})

test("a target with clones of its own waits for no other node", () => {
  const { observed } = heldTarget()
  const { one } = heldTarget()
  expect(isHeldElsewhere(one, { ...observed, status: { ...observed.status, ...ownClones } }, now)).toBe(false)
})

test("a target whose volumes a node keeps that is gone is followed by one with clones of its own", () => {
  const { observed } = heldTarget()
  const first = decide(observed, now)
  expect(first.status.clones).toEqual([
    { claim: names.claim(0, 2), storageClassName: "fast", size: "1Gi" },
    expect.objectContaining({ claim: names.claim(0), lostNode: "" }),
  ])
  const { provision, remove, status } = decide({ ...observed, status: first.status }, now)
  expect(provision?.pods).toEqual([{ role: "target", name: names.pod("target", 2) }])
  expect(remove).toEqual([{ kind: "Pod", name: held.name, uid: "target-uid" }])
  expect(status.conditions).toContainEqual(
    expect.objectContaining({ type: "TargetServing", message: expect.stringContaining(held.warning) }),
  )
})

test("the restore pod's node is lost: another one is made, with nothing to replace", () => {
  const pods = [at.pod("target"), at.pod("restore", { ready: false, node: "n2" })]
  const { status, provision } = decide(
    ready({ pods, restore: { podName: names.pod("restore", 0), unreachable: "x" } }),
    now,
  )
  expect(provision?.pods).toEqual([{ role: "restore", name: names.pod("restore", 1) }])
  expect(status.clones).toHaveLength(1)
})

const releasing = (changes: Partial<Observed>, secondsAgo = 5) => {
  const { status, control, remove } = decide(unmounting(changes, secondsAgo), now)
  const released = status.conditions?.find(({ type }) => type === "Released")
  const done = [...control.map((call) => `${call.do} ${call.podName}`), ...remove.map(({ name }) => `remove ${name}`)]
  return `${released?.reason}: ${done.join(", ") || "waits"}`
}
const lostRestore = {
  pods: [at.pod("target"), at.pod("restore", { ready: false })],
  restore: { podName: names.pod("restore", 0), unreachable: "time-out" },
}

test.each<[string, string, string]>([
  [
    "of the restore pod: the target is released all the same",
    releasing(lostRestore),
    `Releasing: release ${targetPod}`,
  ],
  [
    "of the restore pod, and the target is released: waits for the node",
    releasing({ ...lostRestore, ...at.serving({ state: "Released", initiators: 0 }) }),
    "NodeUnreachable: waits",
  ],
  [
    "of the restore pod, for long: its pod is to go when the node is back",
    releasing({ ...lostRestore, ...at.serving({ state: "Released", initiators: 0 }) }, 20),
    `NodeUnreachable: remove ${names.pod("restore", 0)}`,
  ],
  [
    "of the target: waits for the node",
    releasing({ pods: [at.pod("target", { ready: false })], ...silent }),
    "NodeUnreachable: waits",
  ],
])("released with a lost node %s", (_, done, expected) => expect(done).toBe(expected))
