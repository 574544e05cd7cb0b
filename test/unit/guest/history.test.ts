import { expect, test } from "vitest"
import { History, maxGuests } from "../../../src/guest/history.ts"

const mount = { kind: "mount", volume: "a" } as const

test("what is under way when a guest ends is what it did not say the end of; the first word counts", () => {
  const history = new History()
  const guest = history.guest()
  guest.begin({ kind: "mount", volume: "b" })()
  guest.begin(mount)
  guest.died("panicked")
  guest.died("hung")
  expect([...history.verdict.volumes]).toEqual([["a", expect.stringContaining("panicked")]])
  expect([history.ends, history.hopeless]).toEqual([1, undefined])
})

test("one end that nothing explains is outlived, whatever else is explained; two are not", () => {
  const history = new History()
  for (const volume of ["a", "b", "c"]) {
    const guest = history.guest()
    guest.begin({ kind: "mount", volume })
    guest.died("panicked")
  }
  history.guest().died("vanished")
  expect(history.hopeless).toBeUndefined()
  history.guest().died("vanished")
  expect(history.hopeless).toContain("twice")
})

test("so many guests and no more", () => {
  const history = new History()
  for (let at = 1; at <= maxGuests; at++) {
    expect(history.hopeless).toBeUndefined()
    const guest = history.guest()
    guest.begin({ kind: "mount", volume: String(at) })
    guest.died("panicked")
  }
  expect(history.hopeless).toContain(String(maxGuests))
})

test("a volume that is mounted without end is left out of the next guest; a trial that ends well acquits the disks", () => {
  const history = new History()
  history.late("slow", "It was not mounted.")
  for (const how of ["hung", "panicked"] as const) {
    const guest = history.guest()
    guest.begin({ kind: "look", disks: ["1", "2"] })
    guest.died(how)
  }
  expect(history.verdict).toMatchObject({ volumes: new Map([["slow", "It was not mounted."]]), trial: ["1", "2"] })
  history.guest().over()
  expect(history.verdict.trial).toBeUndefined()
  expect(history.ends).toBe(3)
})
