import { expect, test } from "vitest"
import { sweepForOrphans } from "../../../src/controller/sweep.ts"
import { ManualClock } from "../../support/manual-clock.ts"

const minutes = (count: number) => count * 60_000

/** A sweeper whose visits take `lasts` milliseconds; `visited` has the minute and key of each. */
function harness(
  suspects: string[],
  { lasts = 0, fails = () => false }: { lasts?: number; fails?: () => boolean } = {},
) {
  const clock = new ManualClock()
  const start = clock.now()
  const minute = () => (clock.now() - start) / minutes(1)
  const visited: string[] = []
  const swept: number[] = []
  const stop = new AbortController()
  const ended = sweepForOrphans({
    suspects: () => suspects,
    visit: async (key) => {
      visited.push(`${minute()} ${key}`)
      if (lasts > 0) await new Promise<void>((resolve) => clock.after(lasts, resolve))
      return !fails()
    },
    onSwept: () => swept.push(minute()),
    signal: stop.signal,
    clock,
  })
  return { clock, visited, swept, stop, ended }
}

test("at once and every 10 minutes, however long a sweep takes", async () => {
  const { clock, visited, swept } = harness(["shop/orders/1", "shop/orders/2"], { lasts: minutes(3) })
  await clock.advance(minutes(25))
  expect(visited).toEqual([0, 10, 20].flatMap((at) => [`${at} shop/orders/1`, `${at} shop/orders/2`]))
  expect(swept).toEqual([3, 13, 23])
})

test("one that takes longer leaves a beat out", async () => {
  const { clock, visited } = harness(["a"], { lasts: minutes(12) })
  await clock.advance(minutes(25))
  expect(visited).toEqual(["0 a", "20 a"])
})

test("nothing is suspect: swept all the same", async () => {
  const { clock, swept } = harness([])
  await clock.advance(minutes(10))
  expect(swept).toEqual([0, 10])
})

test("where it did not become clear what a suspect is, the sweep doesn't count", async () => {
  let fails = true
  const { clock, visited, swept } = harness(["a", "b"], { fails: () => fails })
  await clock.advance(minutes(5))
  fails = false
  await clock.advance(minutes(5))
  expect([visited, swept]).toEqual([["0 a", "0 b", "10 a", "10 b"], [10]])
})

test("ends with the lease, and leaves no timer", async () => {
  const { clock, visited, stop, ended } = harness(["a"])
  await clock.advance(minutes(1))
  stop.abort()
  await ended
  await clock.advance(minutes(60))
  expect([visited, clock.timers]).toEqual([["0 a"], 0])
})
