import { describe, expect, test } from "vitest"
import { acquitted, blame, type Death, type Deed, type HowItEnded } from "../../../src/guest/blame.ts"

const look = (...disks: string[]): Deed => ({ kind: "look", disks })
const mount = (volume: string): Deed => ({ kind: "mount", volume })
const unlock = (volume: string): Deed => ({ kind: "unlock", volume })
const read = (volume: string): Deed => ({ kind: "read", volume })
const died = (how: HowItEnded, ...underWay: Deed[]): Death => ({ how, underWay })
const boot: Deed = { kind: "boot" }

const inShort = (...deaths: Death[]) => {
  const { volumes, disks, suspects, trial, unexplained, bootFirst } = blame(deaths)
  return {
    out: [...volumes.keys(), ...disks.keys()].sort().join(" "),
    suspects: [...suspects].sort().join(" "),
    trial: trial?.join(" ") ?? "",
    unexplained,
    bootFirst,
  }
}
const calm = { out: "", suspects: "", trial: "", unexplained: 0, bootFirst: false }

describe("volumes", () => {
  test.each<[string, Death[], Partial<typeof calm>]>([
    ["nothing has happened", [], {}],
    ["a panic while nothing is under way", [died("panicked")], { unexplained: 1 }],
    ["a panic while one volume is mounted", [died("panicked", mount("a"))], { out: "a" }],
    ["a panic while one is unlocked", [died("panicked", unlock("a"))], { out: "a" }],
    ["a guest that hangs: the machine may be busy", [died("hung", mount("a"))], { suspects: "a" }],
    ["QEMU killed while one is mounted: that may be chance", [died("vanished", mount("a"))], { suspects: "a" }],
    ["the same again", [died("vanished", mount("a")), died("vanished", mount("a"))], { out: "a" }],
    ["a panic while several are mounted", [died("panicked", mount("a"), mount("b"))], { suspects: "a b" }],
    [
      "then while one of them is mounted alone",
      [died("panicked", mount("a"), mount("b")), died("panicked", mount("b"))],
      { out: "b" },
    ],
    ["a panic while one is read: once is chance", [died("panicked", read("a"))], { suspects: "a" }],
    ["twice is not", [died("panicked", read("a")), died("hung", read("a"))], { out: "a" }],
    [
      "of several that are read each time, all",
      [died("hung", read("a"), read("b")), died("hung", read("b"), read("a"))],
      { out: "a b" },
    ],
    [
      "of several, the one that always is",
      [died("hung", read("a"), read("b")), died("hung", read("b"), read("c"))],
      { out: "b" },
    ],
    ["QEMU killed during two downloads", [died("vanished", read("a")), died("vanished", read("a"))], { suspects: "a" }],
    ["during four", Array.from({ length: 4 }, () => died("vanished", read("a"))), { out: "a" }],
    ["a volume is mounted while another is read", [died("panicked", mount("a"), read("b"))], { suspects: "a b" }],
    [
      "who is read while others end the guest twice is not to blame",
      [
        died("panicked", mount("a"), read("b")),
        died("panicked", mount("c"), read("b")),
        died("panicked", mount("a")),
        died("panicked", mount("c")),
      ],
      { out: "a c" },
    ],
    ["the same volume, mounted and read", [died("panicked", mount("a"), read("a"))], { out: "a" }],
    ["the storage was away", [died("starved", mount("a")), died("starved", mount("a"))], {}],
    ["two bad ones, one after the other", [died("panicked", mount("a")), died("panicked", mount("b"))], { out: "a b" }],
  ])("%s", (_, deaths, expected) => expect(inShort(...deaths)).toEqual({ ...calm, ...expected }))
})

describe("disks", () => {
  const all = look("1", "2", "3", "4")
  test.each<[string, Death[], Partial<typeof calm>]>([
    ["once is chance", [died("panicked", all)], {}],
    ["twice: which?", [died("panicked", all), died("panicked", all)], { trial: "1 2 3 4" }],
    [
      "one half of them",
      [died("panicked", all), died("panicked", all), died("panicked", look("1", "2"))],
      { trial: "1 2" },
    ],
    [
      "one of that half",
      [died("panicked", all), died("panicked", all), died("panicked", look("1", "2")), died("panicked", look("2"))],
      { out: "2" },
    ],
    [
      "looked at from the whole, and with those before",
      [died("panicked", all), died("hung", look("1", "2", "3"), look("3"))],
      { out: "3" },
    ],
    ["the only one", [died("hung", look("1")), died("hung", look("1"))], { out: "1" }],
    [
      "a second one among the others",
      [died("hung", look("1")), died("hung", look("1")), died("hung", look("2", "3"))],
      { out: "1" },
    ],
    ["what was unlocked is looked at", [died("panicked", look("1", "2"), unlock("a"))], { out: "a" }],
    ["it does not boot", [died("vanished", boot, look("1"))], { bootFirst: true }],
    [
      "nor without disks",
      [died("vanished", boot, look("1")), died("vanished", boot)],
      { bootFirst: true, unexplained: 1 },
    ],
  ])("%s", (_, deaths, expected) => expect(inShort(...deaths)).toEqual({ ...calm, ...expected }))
})

test("a trial that all disks outlive acquits them, and no other", () => {
  const all = look("1", "2")
  const ends = [died("panicked", all), died("hung", mount("a")), died("panicked", all)]
  expect(inShort(...ends)).toMatchObject({ trial: "1 2", suspects: "a" })
  expect(inShort(...acquitted(ends))).toEqual({ ...calm, suspects: "a" })
})

test("a guest without disks that ends is explained by none", () => {
  expect(inShort(died("vanished", boot, look()))).toEqual({ ...calm, bootFirst: true, unexplained: 1 })
})

test("it says how often, when and how", () => {
  const words = (...deaths: Death[]) => [...blame(deaths).volumes.values(), ...blame(deaths).disks.values()]
  expect(words(died("panicked", mount("a")))).toEqual([
    "It ended the micro-VM once while it was being mounted (its kernel panicked), and is left out.",
  ])
  expect(words(died("panicked", read("a")), died("hung", read("a")))).toEqual([
    "It ended the micro-VM twice while it was being read (it did not answer any more), and is left out.",
  ])
  expect(words(died("vanished", look("1")), died("vanished", look("1")))).toEqual([
    "It ended the micro-VM twice while it was being looked at (QEMU ended), and is left out.",
  ])
})
