import * as fc from "fast-check"
import pino from "pino"
import { expect, test } from "vitest"
import type { CpuUse } from "../../../../src/guest/cpu/cpu-use.ts"
import { GuestClock, type Late } from "../../../../src/guest/cpu/guest-clock.ts"
import type { Told } from "../../../../src/guest/cpu/tell-cpu.ts"
import { ManualClock } from "../../../support/manual-clock.ts"

type Source = (passedMs: number) => Told
const idle = { ranMs: 0, waitedMs: 0 }
const waits = (passedMs: number): CpuUse => ({ ranMs: 0, waitedMs: passedMs })
const limitMs = 30_000

/** A limit on a guest, and this process, that have had what is said by then. */
function limited(guest: Source, own: (passedMs: number) => CpuUse | undefined = () => idle) {
  const wall = new ManualClock()
  const started = wall.now()
  const seen = { late: undefined as Late | undefined, short: 0, log: "", looks: 0 }
  const clock = new GuestClock({
    guest: async () => (seen.looks++, guest(wall.now() - started)),
    own: () => own(wall.now() - started),
    wall,
    log: pino({ level: "warn" }, { write: (line: string) => void (seen.log += line) }),
    shortOfCpu: () => void seen.short++,
  })
  const stop = clock.limit(limitMs, "Some verb", (late) => (seen.late = late))
  return { seen, stop, wall }
}

test.each<[string, Source]>([
  ["nobody can tell", () => undefined],
  ["it is not denied any", () => idle],
  ["it burns all there is", (passedMs) => ({ ranMs: 2 * passedMs, waitedMs: 0 })],
])("where %s, a limit ends by the wall clock, without a word", async (_, guest) => {
  const { seen, wall } = limited(guest)
  await wall.advance(limitMs - 1)
  expect(seen.late).toBeUndefined()
  await wall.advance(1)
  expect(seen).toMatchObject({ late: { limitMs, passedMs: limitMs, deniedMs: 0, starved: false }, log: "", short: 0 })
})

test("as long as the guest waits for CPU the limit does not end, and that is told once; then it does", async () => {
  const { seen, wall } = limited((passedMs) => waits(Math.min(passedMs, 100_000)))
  await wall.advance(100_000)
  expect(seen).toMatchObject({ late: undefined, short: 1 })
  expect(seen.log.match(/too little CPU/g)).toHaveLength(1)
  await wall.advance(limitMs)
  expect(seen).toMatchObject({ late: { starved: false }, short: 1 })
})

test.each<[string, Source, (passedMs: number) => CpuUse | undefined]>([
  ["the guest", waits, () => idle],
  ["who would tell of it", () => "silent", () => idle],
  ["this process, which would have heard it", () => undefined, waits],
])("what waits for ever, %s, is given up at ten times the limit, and that says nothing", async (_, guest, own) => {
  const { seen, wall } = limited(guest, own)
  await wall.advance(10 * limitMs - 1)
  expect(seen.late).toBeUndefined()
  await wall.advance(1)
  expect(seen.late).toMatchObject({ starved: true, passedMs: 10 * limitMs })
})

test.each<[string, (passedMs: number) => boolean]>([
  ["at the first look", (passedMs) => passedMs < 20_000],
  ["at the second", (passedMs) => passedMs > 20_000 && passedMs < 40_000],
])("who would tell of it is silent %s, and had no CPU to answer: that much later is the end", async (_, isSilent) => {
  const { seen, wall } = limited((passedMs) => (isSilent(passedMs) ? "silent" : idle))
  await wall.advance(limitMs)
  expect(seen.late).toBeUndefined()
  await wall.advance(limitMs)
  expect(seen.late).toMatchObject({ starved: false })
})

test("this process could not run for a minute: what the guest had to say meanwhile is heard first", async () => {
  let own = 0
  const { seen, wall } = limited(
    () => idle,
    () => ({ ranMs: 0, waitedMs: own }),
  )
  await wall.advance(20_000)
  own = 60_000
  await wall.advance(60_000)
  expect(seen.late).toBeUndefined()
  await wall.advance(10_000)
  expect(seen.late).toMatchObject({ starved: false })
})

test("what ends soon costs no look; what was stopped is over", async () => {
  const { seen, stop, wall } = limited(waits)
  await wall.advance(1000)
  stop()
  await wall.advance(100 * limitMs)
  expect([seen.looks, seen.late, wall.timers]).toEqual([0, undefined, 0])
})

test("a guest that is denied any share ends not before its limit and not after ten of them, for few looks", async () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true })
  await fc.assert(
    fc.asyncProperty(share, async (denied) => {
      const { seen, wall } = limited((ms) => ({ ranMs: ms * (1 - denied), waitedMs: ms * denied }))
      await wall.advance(10 * limitMs)
      expect(seen.late?.passedMs).toBeGreaterThanOrEqual(limitMs)
      expect(seen.looks).toBeLessThan(200)
    }),
    { numRuns: 20 },
  )
})
