import { expect, test } from "vitest"
import { parseMetrics } from "../../bench/figures/prometheus.ts"
import { percentile, quantile } from "../../bench/figures/quantiles.ts"

test.each([
  ["the middle one", [3, 1, 2], 0.5, 2],
  ["nearly the last", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.95, 10],
  ["one of many", Array.from({ length: 100 }, (_, index) => index + 1), 0.95, 95],
  ["the first", [2, 1], 0, 1],
  ["of none", [], 0.5, undefined],
])("percentile: %s", (_, values, q, expected) => expect(percentile(values, q)).toBe(expected))

const histogram = (...buckets: [le: string, count: number][]) =>
  parseMetrics(buckets.map(([le, count]) => `w_bucket{le="${le}",name="a"} ${count}`).join("\n"))

test.each([
  ["half of the second bucket", histogram(["1", 10], ["2", 30], ["+Inf", 30]), 0.5, 1.25],
  ["the first bucket begins at 0", histogram(["1", 10], ["+Inf", 10]), 0.5, 0.5],
  ["above the last bound: that bound", histogram(["1", 1], ["+Inf", 10]), 0.99, 1],
  ["nothing was counted", histogram(["1", 0], ["+Inf", 0]), 0.5, undefined],
  ["no such histogram", [], 0.5, undefined],
])("quantile: %s", (_, scrape, q, expected) => expect(quantile(scrape, "w", q)).toBe(expected))

test("a histogram's series with other labels count together", () => {
  const scrape = parseMetrics('w_bucket{le="1",a="x"} 5\nw_bucket{le="1",a="y"} 5\nw_bucket{le="+Inf",a="x"} 10')
  expect(quantile(scrape, "w", 0.5)).toBe(0.5)
})
