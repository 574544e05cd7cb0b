import * as fc from "fast-check"
import { expect, test } from "vitest"
import { deniedMs } from "../../../../src/guest/cpu/cpu-use.ts"

const none = { ranMs: 0, waitedMs: 0 }

test.each([
  ["a guest that waits for its disks or has nothing to do", 1000, 10, 0, 0],
  ["one that burns all the CPU there is", 1000, 2000, 0, 0],
  ["one thread, alone on its CPU for a tenth of the time", 1000, 100, 900, 900],
  ["two side by side, each with half a CPU", 1000, 1000, 1000, 500],
  ["three that work for each other, and together have a twentieth", 1000, 50, 950, 950],
  ["its container may use half a CPU, and it wants two", 1000, 500, 1500, 750],
  ["it wanted to run for a fifth of the time, and ran for half of that", 1000, 100, 100, 100],
])("%s", (_, span, ranMs, waitedMs, denied) => expect(deniedMs(span, none, { ranMs, waitedMs })).toBe(denied))

test("whatever is told, within the span, within what was waited, and none when nobody waited", () => {
  const figure = fc.nat({ max: 1e15 })
  const use = fc.record({ ranMs: figure, waitedMs: figure })
  fc.assert(
    fc.property(fc.nat({ max: 1e9 }), use, use, (span, before, after) => {
      const denied = deniedMs(span, before, after)
      expect(denied).toBeGreaterThanOrEqual(0)
      expect(denied).toBeLessThanOrEqual(span)
      expect(denied).toBeLessThanOrEqual(Math.max(0, after.waitedMs - before.waitedMs))
    }),
  )
})
