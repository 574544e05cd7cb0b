import { expect, test } from "vitest"
import { inParallel } from "../../bench/in-parallel.ts"

test("everything is done once, in order, and never more at a time than told", async () => {
  const begun: number[] = []
  let running = 0
  let most = 0
  await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
    begun.push(item)
    most = Math.max(most, ++running)
    await new Promise(setImmediate)
    running--
  })
  expect(begun).toEqual([1, 2, 3, 4, 5, 6, 7])
  expect(most).toBe(3)
})
