import { expect, test } from "vitest"
import { Shared } from "../../../../src/guest/past/shared.ts"

test("what several want at the same time is done once, and anew when it was forgotten", async () => {
  const shared = new Shared<number>()
  let starts = 0
  const start = async () => ++starts
  const [first, second, other] = [shared.join("a", start), shared.join("a", start), shared.join("b", start)]
  expect(await Promise.all([first.result, second.result, other.result])).toEqual([1, 1, 2])
  first.leave()
  const third = shared.join("a", start)
  expect(await third.result).toBe(1)
  for (const { leave } of [second, third]) leave()
  expect(await shared.join("a", start).result).toBe(3)
})

test("it goes on when one leaves, and is aborted when the last one does", async () => {
  const shared = new Shared<void>()
  let signal = AbortSignal.abort()
  const start = async (given: AbortSignal) => void (signal = given)
  const [first, second] = [shared.join("a", start), shared.join("a", start)]
  first.leave()
  expect(signal.aborted).toBe(false)
  second.leave()
  expect(signal.aborted).toBe(true)
})
