import pino from "pino"
import { expect, test } from "vitest"
import { GuestClock } from "../../../src/guest/cpu/guest-clock.ts"
import { Stuck } from "../../../src/guest/stuck.ts"
import { ManualClock } from "../../support/manual-clock.ts"

const graceMs = 10_000

function watch(most: number) {
  const state = { starved: false, hasCpu: true, tooMany: [] as boolean[] }
  const wall = new ManualClock()
  const use = () => ({ ranMs: 0, waitedMs: state.hasCpu ? 0 : wall.now() })
  const clock = new GuestClock({ guest: async () => use(), own: use, wall, log: pino({ level: "silent" }) })
  const tooMany = (wantOfCpu: boolean) => void state.tooMany.push(wantOfCpu)
  const stuck = new Stuck({ clock, graceMs, most, starved: () => state.starved, tooMany })
  return { state, stuck, wall }
}

test("so many verbs that were told to end and don't are too many", async () => {
  const { state, stuck, wall } = watch(2)
  stuck.told()
  stuck.told()()
  await wall.advance(5 * graceMs)
  expect(state.tooMany).toEqual([])
  stuck.told()
  await wall.advance(graceMs)
  expect(state.tooMany).toEqual([false])
})

test("as long as the storage is away none is stuck; one that ends after all is none any more", async () => {
  const { state, stuck, wall } = watch(2)
  state.starved = true
  const [first] = [stuck.told(), stuck.told()]
  await wall.advance(5 * graceMs)
  first()
  state.starved = false
  await wall.advance(5 * graceMs)
  expect(state.tooMany).toEqual([])
  stuck.told()
  await wall.advance(graceMs)
  expect(state.tooMany).toEqual([false])
})

test("without CPU none is stuck for long; then too many are, and it is said that this was why", async () => {
  const { state, stuck, wall } = watch(1)
  state.hasCpu = false
  stuck.told()
  await wall.advance(10 * graceMs - 1)
  expect(state.tooMany).toEqual([])
  await wall.advance(1)
  expect(state.tooMany).toEqual([true])
})
