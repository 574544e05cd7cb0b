import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { Lifetime, type LifetimeOptions } from "../../../src/pod/lifetime.ts"

const minute = 60_000
const now = new Date("2026-11-22T10:00:00Z")
const inMinutes = (count: number) => new Date(now.getTime() + count * minute)

beforeEach(() => void vi.useFakeTimers({ now }))
afterEach(() => void vi.useRealTimers())

/** A life of an hour, told by an operator whose clock is right. */
function live(options: Partial<LifetimeOptions> = {}) {
  const { lifetime, told } = untold(options)
  lifetime.setDeadline(options.deadline ?? inMinutes(60), now)
  return { lifetime, told }
}

/** The same before any operator has reached it. */
function untold(options: Partial<LifetimeOptions> = {}) {
  const told: string[] = []
  const lifetime = new Lifetime({
    deadline: inMinutes(60),
    hardEnd: inMinutes(120),
    release: async () => void told.push("release"),
    log: { info: () => undefined, error: () => told.push("error") },
    ...options,
  })
  void lifetime.ended.then(() => told.push("ended"))
  return { lifetime, told }
}

const never = () => new Promise<void>(() => undefined)

test("it releases and ends at its deadline, not before", async () => {
  const { told } = live()
  await vi.advanceTimersByTimeAsync(60 * minute - 1)
  expect(told).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(told).toEqual(["release", "ended"])
})

test("a deadline that is past at the start ends it at once", async () => {
  const { told } = untold({ deadline: inMinutes(-5) })
  await vi.advanceTimersByTimeAsync(0)
  expect(told).toEqual(["release", "ended"])
})

test.each([
  ["later", 90, 90],
  ["earlier", 10, 10],
  ["past the hard end, no further than clocks may be apart", 500, 125],
])("the deadline can be moved %s", async (_, minutes, expected) => {
  const { lifetime, told } = live()
  lifetime.setDeadline(inMinutes(minutes), now)
  expect(lifetime.deadline).toEqual(inMinutes(expected))
  await vi.advanceTimersByTimeAsync(expected * minute - 1)
  expect(told).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(told).toEqual(["release", "ended"])
})

/** How many minutes it lasts. The operator's clock is right: 10:00 is the start of all this. */
async function lasts(
  ourClock: number,
  options: { deadline: number; told?: number; hardEnd?: number },
): Promise<number> {
  vi.setSystemTime(inMinutes(ourClock))
  const { deadline, told: toldAt, hardEnd = 120 } = options
  const { lifetime, told } = untold({ deadline: inMinutes(deadline), hardEnd: inMinutes(hardEnd) })
  for (let minute = 0; minute < 1000; minute++) {
    if (toldAt === minute) lifetime.setDeadline(inMinutes(deadline), inMinutes(minute))
    await vi.advanceTimersByTimeAsync(0)
    if (told.includes("ended")) return minute
    await vi.advanceTimersByTimeAsync(60_000)
  }
  return Number.POSITIVE_INFINITY
}

test.each([
  ["agrees", 0, { deadline: 60, told: 1 }, 60],
  ["is 5 minutes ahead", 5, { deadline: 60, told: 1 }, 60],
  ["is 5 minutes behind", -5, { deadline: 60, told: 1 }, 60],
  ["is 5 minutes ahead, of a session of 3 minutes", 5, { deadline: 3, told: 1 }, 3],
  ["is 5 minutes ahead, of a session that lasts to its hard end", 5, { deadline: 120, told: 1 }, 120],
  ["is 5 minutes behind, of a session that lasts to its hard end", -5, { deadline: 120, told: 1 }, 120],
  ["is an hour ahead, of a session that lasts to its hard end", 60, { deadline: 120, told: 1 }, 65],
  ["agrees, with nobody to tell it", 0, { deadline: 60 }, 65],
  ["is 5 minutes ahead, with nobody to tell it", 5, { deadline: 60 }, 60],
  ["is 5 minutes behind, with nobody to tell it", -5, { deadline: 60 }, 70],
])("a pod whose clock %s lasts %o", async (_, ourClock, options, expected) =>
  expect(await lasts(ourClock, options)).toBe(expected),
)

test("a clock that is put right meanwhile costs what it was wrong by, until the pod is told again", async () => {
  vi.setSystemTime(inMinutes(5))
  const { lifetime, told } = untold()
  lifetime.setDeadline(inMinutes(60), now)
  vi.setSystemTime(now)
  expect(lifetime.deadline).toEqual(inMinutes(65))
  lifetime.setDeadline(inMinutes(60), now)
  await vi.advanceTimersByTimeAsync(60 * minute)
  expect(told).toEqual(["release", "ended"])
})

test("a clock that was set forward ends it soon, though its timer was for later", async () => {
  const { told } = live()
  vi.setSystemTime(inMinutes(61))
  await vi.advanceTimersByTimeAsync(minute)
  expect(told).toEqual(["release", "ended"])
})

test("after a release that was asked for it stays for ten minutes", async () => {
  const { lifetime, told } = live()
  lifetime.release("UnmountRequested")
  expect(lifetime.state).toBe("Releasing")
  expect(lifetime.signal.aborted).toBe(true)
  await vi.advanceTimersByTimeAsync(10 * minute - 1)
  expect(lifetime.state).toBe("Released")
  expect(told).toEqual(["release"])
  await vi.advanceTimersByTimeAsync(1)
  expect(told).toEqual(["release", "ended"])
})

test("SIGTERM ends the waiting after a release, and releases only once", async () => {
  const { lifetime, told } = live()
  lifetime.release("UnmountRequested")
  await vi.advanceTimersByTimeAsync(minute)
  lifetime.release("TtlEnded")
  lifetime.end("SIGTERM")
  await vi.advanceTimersByTimeAsync(0)
  expect(told).toEqual(["release", "ended"])
})

test("once released the deadline still ends it and can't be moved", async () => {
  const { lifetime, told } = live({ deadline: inMinutes(5) })
  lifetime.release("UnmountRequested")
  lifetime.setDeadline(inMinutes(100), now)
  await vi.advanceTimersByTimeAsync(5 * minute)
  expect(told).toEqual(["release", "ended"])
})

/** A release that takes until somebody hurries it, as hashing terabytes does. */
function patient(options: Partial<LifetimeOptions> = {}) {
  const told: string[] = []
  const lifetime: Lifetime = new Lifetime({
    deadline: inMinutes(60),
    hardEnd: inMinutes(120),
    release: () =>
      new Promise<void>((resolve) => {
        told.push("release")
        if (lifetime.hurry.aborted) resolve()
        else lifetime.hurry.addEventListener("abort", () => resolve())
      }),
    unhurried: true,
    log: { info: () => undefined, error: () => undefined },
    ...options,
  })
  void lifetime.ended.then(() => told.push("ended"))
  lifetime.setDeadline(inMinutes(60), now)
  return { lifetime, told }
}

test("an unhurried release may take until the hard end, whatever the deadline", async () => {
  const { lifetime, told } = patient()
  lifetime.release("UnmountRequested", { unhurried: true })
  await vi.advanceTimersByTimeAsync(125 * minute - 1)
  expect([told, lifetime.state]).toEqual([["release"], "Releasing"])
  await vi.advanceTimersByTimeAsync(1)
  expect(told).toEqual(["release", "ended"])
})

test("so may the one that begins at the deadline, where that is foreseen", async () => {
  const { lifetime, told } = patient()
  await vi.advanceTimersByTimeAsync(60 * minute)
  expect([told, lifetime.hurry.aborted]).toEqual([["release"], false])
  await vi.advanceTimersByTimeAsync(65 * minute)
  expect(told).toEqual(["release", "ended"])
})

test("and elsewhere not", async () => {
  const { told } = patient({ unhurried: false })
  await vi.advanceTimersByTimeAsync(60 * minute)
  expect(told).toEqual(["release", "ended"])
})

test("a deadline that is the hard end leaves no time", async () => {
  const { told } = patient({ hardEnd: inMinutes(55) })
  await vi.advanceTimersByTimeAsync(60 * minute)
  expect(told).toEqual(["release", "ended"])
})

test.each([
  ["asked for again, in a hurry", (life: Lifetime) => life.release("SessionDeleted"), ["release"]],
  ["ended by SIGTERM", (life: Lifetime) => life.end("SIGTERM"), ["release", "ended"]],
])("an unhurried release that is %s hurries", async (_, hurry, expected) => {
  const { lifetime, told } = patient()
  lifetime.release("UnmountRequested", { unhurried: true })
  await vi.advanceTimersByTimeAsync(minute)
  expect(lifetime.state).toBe("Releasing")
  hurry(lifetime)
  await vi.advanceTimersByTimeAsync(0)
  expect([lifetime.state, told]).toEqual(["Released", expected])
})

test("a release that hangs holds the end up for 50 seconds only, and is never called Released", async () => {
  const { lifetime, told } = live({ release: never })
  lifetime.end("SIGTERM")
  await vi.advanceTimersByTimeAsync(49_999)
  expect(told).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(told).toEqual(["ended"])
  expect(lifetime.state).toBe("Releasing")
})

test("a release that fails is not called Released; the deadline still ends it", async () => {
  const { lifetime, told } = live({ release: () => Promise.reject(new Error("no")) })
  lifetime.release("UnmountRequested")
  await vi.advanceTimersByTimeAsync(59 * minute)
  expect(lifetime.state).toBe("Releasing")
  expect(told).toEqual(["error"])
  await vi.advanceTimersByTimeAsync(minute)
  expect(told).toEqual(["error", "ended"])
})

test("whoever followed its numbers has 3 seconds to ask for the last ones, once they are final", async () => {
  const { lifetime, told } = live()
  lifetime.told("Serving")
  lifetime.end("SIGTERM")
  lifetime.told("Releasing")
  await vi.advanceTimersByTimeAsync(2999)
  expect(told).toEqual(["release"])
  await vi.advanceTimersByTimeAsync(1)
  expect(told).toEqual(["release", "ended"])
})

test.each([
  ["asked for them", (life: Lifetime) => life.end("SIGTERM"), (life: Lifetime) => life.told("Released")],
  ["has had them", (life: Lifetime) => life.told("Released"), (life: Lifetime) => life.end("SIGTERM")],
  ["hears of a failure", (life: Lifetime) => life.end("failure", { isFailure: true }), () => undefined],
])("one who %s keeps it no longer", async (_, first, then) => {
  const { lifetime, told } = live()
  lifetime.told("Serving")
  first(lifetime)
  await vi.advanceTimersByTimeAsync(0)
  then(lifetime)
  await vi.advanceTimersByTimeAsync(0)
  expect(told).toEqual(["release", "ended"])
})
