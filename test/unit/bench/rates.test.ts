import { expect, test } from "vitest"
import { passed, peakRate } from "../../bench/figures/rates.ts"

/** A count each second, from the requests in it. */
const counts = (...perSecond: number[]) => {
  let requests = 0
  return [0, ...perSecond].map((more, at) => ({ at, requests: (requests += more) }))
}

test("the peak is that of the busiest window", () => {
  expect(peakRate(counts(10, 10, 40, 60, 10), 2)).toBe(50)
  expect(peakRate(counts(10), 2)).toBe(0)
})

const rate = { qps: 50, burst: 100 }

test.each([
  ["a burst, then the rate", counts(150, 50, 50, 50), 0, undefined],
  ["a second burst without a pause", counts(150, 50, 101), 0, "301 requests in 3.0 s"],
  ["a burst after a pause", counts(0, 0, 150), 0, undefined],
  ["slow but for ever above the rate", counts(...Array(120).fill(51)), 0, "6120 requests in 120.0 s"],
  ["what had begun before the span", counts(0, 190), 1, undefined],
  ["nothing", counts(), 0, undefined],
])("what a token bucket lets through: %s", (_, seen, late, expected) => expect(passed(seen, rate, late)).toBe(expected))
