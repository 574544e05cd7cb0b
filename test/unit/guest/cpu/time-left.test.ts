import * as fc from "fast-check"
import { expect, test } from "vitest"
import { counted, isStarved, mostTimes, timeLeft } from "../../../../src/guest/cpu/time-left.ts"

const limitMs = 30_000

test.each([
  ["nothing has passed", 0, 0, 30_000],
  ["half has passed, all of it the guest's", 15_000, 0, 15_000],
  ["half has passed, and the guest had none of it", 15_000, 15_000, 30_000],
  ["the limit has passed, and the guest had all of it", 30_000, 0, 0],
  ["the limit has passed, and the guest had half", 30_000, 15_000, 15_000],
  ["ten times the limit has passed, and the guest had nothing", 300_000, 300_000, 0],
  ["nearly that", 299_900, 299_900, 100],
  ["what little is left is not worth a look of its own", 30_001, 2, 250],
])("%s", (_, passedMs, deniedMs, left) => expect(timeLeft(limitMs, { passedMs, deniedMs })).toBe(left))

test.each([
  ["it had its time", 40_000, 10_000, false],
  ["it did not, after all that", 300_000, 280_000, true],
])("starved or not: %s", (_, passedMs, deniedMs, starved) =>
  expect(isStarved(limitMs, { passedMs, deniedMs })).toBe(starved),
)

test.each([
  ["all of it was the guest's", 1000, 0, 1000],
  ["half of it was", 1000, 500, 500],
  ["none of it was: a tenth, or many limits in a row would never end", 1000, 1000, 100],
])("what counts towards a sum: %s", (_, passedMs, deniedMs, sum) => expect(counted({ passedMs, deniedMs })).toBe(sum))

/** Spans in which a guest is denied that share of its CPU. */
const spans = fc.array(
  fc.record({ ms: fc.integer({ min: 1, max: 100_000 }), denied: fc.double({ min: 0, max: 1, noNaN: true }) }),
)

/** When a limit ends in a world of such spans, after which the guest has all it wants. */
function endOf(limitMs: number, world: readonly { ms: number; denied: number }[]) {
  const deniedBy = (at: number) => {
    let from = 0
    return world.reduce((sum, { ms, denied }) => {
      const within = Math.max(0, Math.min(at - from, ms))
      from += ms
      return sum + within * denied
    }, 0)
  }
  for (let passedMs = 0, looks = 0; ; looks++) {
    const passed = { passedMs, deniedMs: deniedBy(passedMs) }
    const left = timeLeft(limitMs, passed)
    if (left === 0) return { ...passed, looks }
    passedMs += Math.ceil(left)
  }
}

test("never before the guest had its time, unless never after ten times that; without want of CPU just then", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200_000 }), spans, (limitMs, world) => {
      const end = endOf(limitMs, world)
      expect(end.passedMs).toBeGreaterThanOrEqual(limitMs)
      expect(end.passedMs).toBeLessThanOrEqual(limitMs * mostTimes)
      const own = end.passedMs - end.deniedMs
      expect(own >= limitMs).toBe(!isStarved(limitMs, end))
      expect(own >= limitMs || end.passedMs === limitMs * mostTimes).toBe(true)
      const calm = world.map(({ ms }) => ({ ms, denied: 0 }))
      expect(endOf(limitMs, calm)).toEqual({ passedMs: limitMs, deniedMs: 0, looks: 1 })
    }),
  )
})
