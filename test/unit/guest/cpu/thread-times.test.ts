import { expect, test } from "vitest"
import { follow, type Look, parseSchedstat } from "../../../../src/guest/cpu/thread-times.ts"

test.each([
  ["what the kernel writes", "489073025 3809115347 752\n", { ranMs: 489.073025, waitedMs: 3809.115347, turns: 752 }],
  ["a kernel that does not count", "0 0 0\n", { ranMs: 0, waitedMs: 0, turns: 0 }],
  ["something else", "cpu0 1 2 3\n", undefined],
  ["nothing", "", undefined],
])("schedstat: %s", (_, text, expected) => expect(parseSchedstat(text)).toEqual(expected))

const look = (atMs: number, ranMs: number, turns: number, ready = true): Look => {
  return { atMs, ranMs, turns, ready, waitedMs: 0 }
}

test.each([
  ["has just been seen", [look(0, 10, 1)], 0],
  ["runs", [look(0, 10, 1), look(100, 60, 1)], 0],
  ["has had another turn and waits again", [look(0, 10, 1), look(100, 10, 2)], 0],
  ["waits since it was last looked at", [look(0, 10, 1), look(100, 10, 1)], 100],
  ["waits for two looks", [look(0, 10, 1), look(100, 10, 1), look(400, 10, 1)], 400],
  ["has run again: now the kernel counts it", [look(0, 10, 1), look(100, 10, 1), look(400, 11, 2)], 0],
  ["slept at the look before", [look(0, 10, 1, false), look(100, 10, 1)], 0],
  ["sleeps", [look(0, 10, 1, false), look(100, 10, 1, false)], 0],
  ["is stopped by a signal", [look(0, 10, 1), look(100, 10, 1, false)], 0],
])("a thread that %s", (_, looks, pendingMs) => {
  const [first, ...others] = looks
  if (first === undefined) throw new Error("no look")
  expect(others.reduce(follow, follow(undefined, first)).pendingMs).toBe(pendingMs)
})
