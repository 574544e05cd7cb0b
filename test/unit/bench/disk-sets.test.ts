import { expect, test } from "vitest"
import { loadLine } from "../../bench/machine.ts"
import { comparedTable, openingTable, readingTable } from "../../bench/disks/report.ts"
import { diskSet } from "../../bench/disks/sets.ts"

test.each([1, 3, 10, 20, 64])("a set of %i disks has each in one place", (count) => {
  const { disks, make } = diskSet(count)
  expect(disks).toHaveLength(count)
  const used = [...make.matchAll(/\b[abcd]=\$(?:d(\d+)|\{d(\d+)\})/g)].map(([, bare, braced]) => Number(bare ?? braced))
  expect(used).toEqual(disks.map((_, at) => at + 1))
})

test("a machine that does something else is told", () => {
  expect(loadLine({ cpus: 2, before: 0.1 })).toBe("Load average at the start: 0.10 on 2 CPUs.\n")
  expect(loadLine({ cpus: 2, before: 5 })).toMatch(/^Load average at the start: 5\.00 on 2 CPUs\. .*not idle/)
})

const opening = {
  disks: 20,
  volumes: 23,
  ours: { best: 9.9, median: 10 },
  cost: { cpuSeconds: 8.04, residentMiB: 301.4, peakMiB: 320 },
}
const theirs = {
  guestfish: { best: 14, median: 15 },
  virtFilesystems: { best: 20, median: 25 },
  cost: { cpuSeconds: 12, residentMiB: 500, peakMiB: 501 },
  volumes: 20,
}

test("opening: with libguestfs beside, and without", () => {
  expect(openingTable([opening])).toBe(
    "disks  mounted  open s best/median  QEMU CPU s  MiB (peak)\n20     23       9.9 / 10.0          8.0         301 (320)\n",
  )
  const [, line = ""] = openingTable([{ ...opening, theirs }]).split("\n")
  expect(line.split(/ {2,}/)).toEqual([
    "20",
    "23",
    "9.9 / 10.0",
    "8.0",
    "301 (320)",
    "20",
    "14.0 / 15.0",
    "1.50 x",
    "20.0 / 25.0",
    "2.50 x",
    "12.0",
    "500 (501)",
  ])
})

test("reading: speeds by the medians", () => {
  const [, line = ""] = readingTable([
    { what: "tar", mib: 100, ours: { best: 1, median: 2 }, theirs: { best: 4, median: 5 } },
  ]).split("\n")
  expect(line.split(/ {2,}/)).toEqual(["tar", "100", "1.0 / 2.0", "50.0", "4.0 / 5.0", "20.0", "2.50 x"])
})

test("what both have found, and what only one has read", () => {
  const find = { name: "vg0-a ext4", state: "Mounted", tree: "vg0-a", compared: 65, wrong: [] }
  const ours = { finds: [find], openSeconds: 1, cost: opening.cost, tarSeconds: 2, unchanged: true, deviations: [] }
  const lost = { name: "/dev/sda unknown", state: "listed", compared: 0, wrong: [] }
  const words = comparedTable([{ row: "degraded", ours, theirs: { ...ours, finds: [lost], unchanged: false } }])
  expect(words.split("\n").map((line) => line.trim().split(/ {2,}/))).toEqual([
    ["disks", "by", "found", "state", "entries", "differences"],
    ["degraded", "ours", "open 1.0 s, CPU 8.0 s; trees 2.0 s; disks unchanged"],
    ["vg0-a ext4", "Mounted", "65", "none"],
    ["libguestfs", "open 1.0 s, CPU 8.0 s; trees 2.0 s; disks CHANGED"],
    ["/dev/sda unknown", "listed", "-"],
    ["(vg0-a)", "not read"],
    [""],
  ])
})
