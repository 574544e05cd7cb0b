import { expect, test } from "vitest"
import { decide } from "../../../src/session/decide.ts"
import type { Observed, ObservedPod } from "../../../src/session/observed.ts"
import { succession } from "../../../src/session/succession.ts"
import * as at from "../../support/observed.ts"
import { names, now, ready } from "../../support/observed.ts"

const target = (generation: number, changes: Partial<ObservedPod> = {}) =>
  at.pod("target", { name: names.pod("target", generation), uid: `target-${generation}`, ...changes })
const dead = (generation: number, secondsAgo: number): ObservedPod => ({
  ...at.ended("target", "Error", "boom", now - secondsAgo * 1000),
  name: names.pod("target", generation),
})

function who(pods: ObservedPod[], recorded?: number): string {
  const recordedName = recorded === undefined ? undefined : names.pod("target", recorded)
  const { name, create, remove, losses } = succession("target", { ...ready(), pods }, recordedName, now)
  const removed = remove.map((pod) => pod.name.slice(-1)).join()
  return [`${create ? "create" : "rely on"} ${name.slice(-1)}`, removed && `remove ${removed}`, `lost ${losses}`]
    .filter(Boolean)
    .join(", ")
}

test.each<[string, ObservedPod[], number | undefined, string]>([
  ["nobody ever", [], undefined, "create 0, lost 0"],
  ["made, but not recorded before a crash", [target(0)], undefined, "rely on 0, lost 0"],
  ["running", [target(0)], 0, "rely on 0, lost 0"],
  ["gone", [], 0, "create 1, lost 1"],
  ["being deleted", [target(0, { deleting: true })], 0, "create 1, lost 1"],
  ["ended", [dead(0, 1)], 0, "create 1, remove 0, lost 1"],
  [
    "evicted before a container ran",
    [target(0, { phase: "Failed", reason: "Evicted", containers: [] })],
    0,
    "create 1, remove 0, lost 1",
  ],
  ["the second ended a moment ago", [dead(1, 1)], 1, "rely on 1, lost 2"],
  ["the second ended 5 s ago", [dead(1, 5)], 1, "create 2, remove 1, lost 2"],
  ["the third ended 9 s ago", [dead(2, 9)], 2, "rely on 2, lost 3"],
  ["the tenth ended 2 min ago", [dead(9, 120)], 9, "create 0, remove 9, lost 10"],
  ["the third ended 5 min from now, by its node's clock", [dead(2, -300)], 2, "create 3, remove 2, lost 3"],
  ["the successor is there, the cache is late", [dead(0, 1)], 1, "create 2, remove 0, lost 2"],
  ["the successor runs, the predecessor is still there", [dead(0, 60), target(1)], 1, "rely on 1, remove 0, lost 1"],
  ["the successor runs, the predecessor goes", [target(0, { deleting: true }), target(1)], 1, "rely on 1, lost 1"],
])("%s", (_, pods, recorded, expected) => expect(who(pods, recorded)).toBe(expected))

test.each<[string, Partial<Observed>, string]>([
  ["released by itself", at.serving({ state: "Released" }), "TargetLost"],
  [
    "released, but another pod's answer",
    { target: { podName: "another", report: at.targetReport({ state: "Released" }) } },
    "nothing",
  ],
  ["unreachable", { target: { podName: names.pod("target", 0), unreachable: "time-out" } }, "nothing"],
])("a running target pod that is %s is lost for %s", (_, changes, reason) => {
  expect(succession("target", ready(changes), names.pod("target", 0), now).lost?.reason ?? "nothing").toBe(reason)
})

test("the last words of a pod are told", () => {
  const observed = ready({ pods: [at.ended("target", "Internal", "out of file descriptors"), at.pod("restore")] })
  const serving = decide(observed, now).status.conditions?.find(({ type }) => type === "TargetServing")
  expect(serving?.message).toContain("container target ended (Internal): out of file descriptors")
})

const restore = (generation: number) => names.pod("restore", generation)
const restoreDied = (generation: number) => {
  const before = ready()
  const access = before.status.access && { ...before.status.access, podName: restore(generation) }
  const died = { ...at.ended("restore", "GuestFailed", "kernel panic", now - 600_000), name: restore(generation) }
  return decide(
    { ...before, status: { ...before.status, ...(access && { access }) }, pods: [at.pod("target"), died] },
    now,
  )
}

test("the restore pod is recreated three times, then the session fails", () => {
  expect(restoreDied(0).provision?.pods).toEqual([{ role: "restore", name: restore(1) }])
  expect(restoreDied(2).provision?.pods).toEqual([{ role: "restore", name: restore(3) }])
  expect(restoreDied(3).status.release).toMatchObject({
    reason: "RestoreLost",
    message: expect.stringContaining("kernel panic") as string,
  })
})

test("a restore pod that says it failed is replaced", () => {
  const failed = at.mounted({ state: "Failed", error: { reason: "GuestFailed", message: "no boot" } })
  const plan = decide(ready(failed), now)
  expect(plan.provision?.pods).toEqual([{ role: "restore", name: restore(1) }])
  expect(plan.remove).toEqual([{ kind: "Pod", name: restore(0), uid: "restore-uid" }])
  expect(plan.status.access?.podName).toBe(restore(1))
})

test("a target that never served is given up after five others", () => {
  const before = at.provisioning()
  const lost = (generation: number) => decide({ ...before, pods: [dead(generation, 600), at.pod("restore")] }, now)
  expect(lost(4).provision?.pods).toEqual([{ role: "target", name: names.pod("target", 5) }])
  expect(lost(5).status.release?.reason).toBe("TargetLost")
})
