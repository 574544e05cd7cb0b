import { expect, test } from "vitest"
import type { HashingStatus } from "../../../src/api/status.ts"
import { decide } from "../../../src/session/decide.ts"
import { hashing, howFar } from "../../../src/session/hashing.ts"
import type { Observed } from "../../../src/session/observed.ts"
import * as at from "../../support/observed.ts"
import { minutes, names, now } from "../../support/observed.ts"
import * as verifying from "../../support/verifying.ts"
import { first, hashed, other, part, total } from "../../support/verifying.ts"

const targetPod = names.pod("target", 0)

function told(observed: Observed): string[] {
  const { status, control, provision } = decide(observed, now)
  const serving = status.conditions?.find(({ type }) => type === "TargetServing")
  return [
    `${serving?.reason}: ${serving?.message}`,
    ...control.map((call) => `${call.do} ${call.podName}`),
    ...(provision?.pods ?? []).map(({ name }) => `create ${name}`),
  ]
}
const reported = (sha256Before: string) => ({ disks: verifying.disks({ sha256Before }) })

test.each<[string, Observed, string[]]>([
  [
    "nothing is there yet: only the target is made",
    at.pending({ spec: at.spec({ verifySource: true }) }),
    [`Starting: Pod ${targetPod} is being created.`, `create ${targetPod}`],
  ],
  [
    "the disks are being hashed: nobody is told anything",
    verifying.hashing(40),
    [`Hashing: Pod ${targetPod} hashes its disks before serving them: 40% of 1.0 GiB.`],
  ],
  [
    "all is hashed: the target may serve, and somebody shall read",
    verifying.hashing(100, reported(first)),
    [
      `Hashing: Pod ${targetPod} hashes its disks before serving them: 100% of 1.0 GiB.`,
      `serve ${targetPod}`,
      `create ${names.pod("restore", 0)}`,
    ],
  ],
  ["the target serves", verifying.ready(), ["Serving: 1 disk is served read-only."]],
])("%s", (_, observed, expected) => expect(told(observed)).toEqual(expected))

test("what may be served is in the status, which is written first", () => {
  const { status, control } = decide(verifying.hashing(100, reported(first)), now)
  expect(control.map((call) => call.do)).toEqual(["serve"])
  expect(status.disks).toEqual([verifying.disk({ sha256Before: first })])
  expect(status.access?.podName).toBe(names.pod("restore", 0))
  expect(decide(verifying.hashing(99), now).status).not.toHaveProperty("access")
})

test("how far it was is of no interest once files can be read", () => {
  const observed = verifying.ready()
  const { status } = decide({ ...observed, status: { ...observed.status, hashing: hashed(100, 60) } }, now)
  expect(status).not.toHaveProperty("hashing")
})

test("a hash that is written down stays when a pod that came later says another", () => {
  const observed = verifying.ready(at.serving({ disks: verifying.disks({ sha256Before: other }) }))
  expect(decide(observed, now).status.disks).toEqual([verifying.disk({ sha256Before: first })])
})

test.each<[string, number, HashingStatus | undefined, boolean]>([
  ["for the first time", 0, undefined, true],
  ["after 5 s and 5% more", 25, hashed(20, 5), false],
  ["after a second and 11% more", 31, hashed(20, 1), true],
  ["after 10 s and 1% more", 21, hashed(20, 10), true],
  ["after a second, when it is done", 100, hashed(99, 1), true],
  ["after an hour without more", 20, hashed(20, 3600), false],
  ["after 10 s and less, by another pod", 1, hashed(2, 10), true],
  ["after a time that is yet to come", 21, hashed(20, -300), true],
])("progress is told %s: %s", (_, percent, before, isTold) => {
  const written = hashing(verifying.hashing(percent, {}, before), now)
  expect(written).toEqual(isTold ? hashed(percent, 0) : before)
})

test.each([
  [{ bytesDone: 0, bytesTotal: 0 }, "100% of 0 B"],
  [{ bytesDone: part(99.9), bytesTotal: total }, "99% of 1.0 GiB"],
])("%j is %s", (progress, words) => expect(howFar({ ...progress, observedAt: "" })).toBe(words))

test.each([
  ["1 GiB is left", 0, 1074],
  ["the rest is done soon", 90, 500],
])("when %s the next look is soon", (_, percent, ms) =>
  expect(Math.round(decide(verifying.hashing(percent), now).requeueAfterMs ?? 0)).toBe(ms),
)

test("when terabytes are left the next look is in 5 s", () => {
  const observed = verifying.hashing(0, { hashing: { bytesDone: 0, bytesTotal: 2 ** 42 } })
  expect(decide(observed, now).requeueAfterMs).toBe(5000)
})

const startedAgo = (observed: Observed, ago: number): Observed => ({
  ...observed,
  status: { ...observed.status, startedAt: at.iso(now - ago) },
})

test.each<[string, Observed, string | undefined]>([
  ["goes on after three hours", verifying.hashing(41, {}, hashed(40, 10)), undefined],
  ["goes on while no operator looked", verifying.hashing(41, {}, hashed(40, 7200)), undefined],
  ["has stood still for 59 minutes", verifying.hashing(40, {}, hashed(40, 59 * 60)), undefined],
  ["has stood still for an hour", verifying.hashing(40, {}, hashed(40, 3600)), "PendingTimeout"],
  [
    "was done 59 minutes ago, and the rest is not",
    verifying.hashing(100, { state: "Serving" }, hashed(100, 59 * 60)),
    undefined,
  ],
  [
    "was done an hour ago, and the rest is not",
    verifying.hashing(100, { state: "Serving" }, hashed(100, 3600)),
    "PendingTimeout",
  ],
])("a session of three hours whose hashing %s: released for %s", (_, observed, reason) => {
  const { release } = decide(startedAgo(observed, minutes(180)), now).status
  expect(release?.reason).toBe(reason)
  expect(release?.message ?? "").toMatch(reason ? /60 minutes after its disks were last seen being hashed/ : /^$/)
})

test("a target that hashes after its own time is replaced, not waited for", () => {
  const hashes = { bytesDone: 0, bytesTotal: total }
  const { provision, remove } = decide(verifying.ready(at.serving({ state: "Releasing", hashing: hashes })), now)
  expect(provision?.pods).toEqual([{ role: "target", name: names.pod("target", 1) }])
  expect(remove).toEqual([{ kind: "Pod", name: targetPod, uid: "target-uid" }])
})
