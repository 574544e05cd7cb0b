import { expect, test } from "vitest"
import { decide } from "../../../src/session/decide.ts"
import type { Observed } from "../../../src/session/observed.ts"
import * as at from "../../support/observed.ts"
import { now, nothingLeft, provisioning, ready, unmounting } from "../../support/observed.ts"

/** When a session is looked at again of which nobody tells: soon for a person's sake, rarely for the others'. */
const seconds = (count: number) => count * 1000
const nextLook = (observed: Observed) => decide(observed, now).requeueAfterMs

const startedAgo = (ms: number) =>
  provisioning({ status: { ...at.startedStatus, startedAt: at.iso(now - ms) }, claims: [at.claim()] })

test.each([
  ["just started", 0, 500],
  ["started 10 s ago", seconds(10), 500],
  ["started a minute ago", seconds(60), 3000],
  ["hangs for half an hour", seconds(1800), 15_000],
])("a session that is not ready yet, %s", (_, ms, expected) => expect(nextLook(startedAgo(ms))).toBe(expected))

const lostAgo = (ms: number) => {
  const observed = ready({
    target: { podName: at.names.pod("target", 0), unreachable: "time-out" },
    pods: [at.pod("restore")],
  })
  const lastTransitionTime = at.iso(now - ms)
  const down = { type: "Ready", status: "False", reason: "TargetLost", message: "", lastTransitionTime } as const
  const startedAt = at.iso(now - seconds(3600))
  return { ...observed, status: { ...observed.status, startedAt, conditions: [down] } }
}

test.each([
  ["just now", 0, 500],
  ["for a minute", seconds(60), 3000],
])("one that was ready and is not any more %s, whenever it was started", (_, ms, expected) =>
  expect(nextLook(lostAgo(ms))).toBe(expected),
)

test.each([
  ["a pod that is asked", (age: number) => unmounting({}, age), 300, 3000],
  ["what the attachment owns", (age: number) => unmounting({ ...gone, attachment: going }, age), 1000, 3000],
  ["a claim", (age: number) => unmounting({ ...nothingLeft, claims: [at.claim()] }, age), 1000, 3000],
])("one that ends and waits for %s, after 5 s and after a minute", (_, observed, first, later) =>
  expect([nextLook(observed(5)), nextLook(observed(60))]).toEqual([first, later]),
)

test.each([
  [1, 15_000],
  [300, 15_000],
  [1000, 50_000],
])("with %i sessions in progress one that is Ready is looked at after %i ms", (inProgress, expected) =>
  expect(nextLook(ready({ inProgress }))).toBe(expected),
)

const gone = { pods: [], claims: [], network: [] }
const going = { name: at.names.base, uid: "a", deleting: true, createdAt: 0 }
