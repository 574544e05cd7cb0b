import { setTimeout as delay } from "node:timers/promises"
import { expect, test } from "vitest"
import { Stuck } from "../../../src/guest/stuck.ts"

const graceMs = 10

function watch(most: number) {
  const state = { starved: false, tooMany: 0 }
  const stuck = new Stuck({ graceMs, most, starved: () => state.starved, tooMany: () => state.tooMany++ })
  return { state, stuck }
}

test("so many verbs that were told to end and don't are too many", async () => {
  const { state, stuck } = watch(2)
  stuck.told()
  stuck.told()()
  await delay(5 * graceMs)
  expect(state.tooMany).toBe(0)
  stuck.told()
  await expect.poll(() => state.tooMany).toBe(1)
})

test("as long as the storage is away none is stuck; one that ends after all is none any more", async () => {
  const { state, stuck } = watch(2)
  state.starved = true
  const [first] = [stuck.told(), stuck.told()]
  await delay(5 * graceMs)
  expect(state.tooMany).toBe(0)
  first()
  state.starved = false
  await delay(5 * graceMs)
  expect(state.tooMany).toBe(0)
  stuck.told()
  await expect.poll(() => state.tooMany).toBe(1)
})
