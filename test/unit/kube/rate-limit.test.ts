import { expect, test } from "vitest"
import { backoffMs } from "../../../src/kube/backoff.ts"
import { RateLimit } from "../../../src/kube/rate-limit.ts"
import { ManualClock, settle } from "../../support/manual-clock.ts"

test("a burst goes at once, the rest at the rate, in order", async () => {
  const clock = new ManualClock()
  const limit = new RateLimit({ qps: 10, burst: 3 }, clock)
  const done: number[] = []
  for (let i = 0; i < 6; i += 1) void limit.take().then(() => done.push(i))
  await settle()
  expect(done).toEqual([0, 1, 2])
  await clock.advance(100)
  expect(done).toEqual([0, 1, 2, 3])
  await clock.advance(200)
  expect(done).toEqual([0, 1, 2, 3, 4, 5])
})

test("after a pause there is a whole burst again, not more", async () => {
  const clock = new ManualClock()
  const limit = new RateLimit({ qps: 10, burst: 2 }, clock)
  await clock.advance(60_000)
  let done = 0
  for (let i = 0; i < 5; i += 1) void limit.take().then(() => (done += 1))
  await settle()
  expect(done).toBe(2)
})

test.each([
  [0, 50, 100],
  [1, 100, 200],
  [4, 500, 1000],
  [5000, 500, 1000],
])("the wait after failure %i is between %i and %i ms", (failures, least, most) => {
  expect(backoffMs({ firstMs: 100, capMs: 1000 }, failures, () => 0)).toBe(least)
  expect(backoffMs({ firstMs: 100, capMs: 1000 }, failures, () => 1)).toBe(most)
})
