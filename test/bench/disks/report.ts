import { table } from "../../../src/cli/table.ts"
import type { BothFinds, Find, Finds } from "./compare-both.ts"
import { inKinds } from "./differences.ts"
import type { Cost } from "./qemu-cost.ts"
import type { Opening, Reading, Times } from "./times.ts"

const one = (value: number) => value.toFixed(1)
const both = ({ best, median }: Times) => `${one(best)} / ${one(median)}`
const costs = ({ cpuSeconds, residentMiB, peakMiB }: Cost) => [
  one(cpuSeconds),
  `${residentMiB.toFixed(0)} (${peakMiB.toFixed(0)})`,
]
/** How many times as long the other takes, by the medians. */
const ratio = (ours: Times, theirs: Times) => `${(theirs.median / ours.median).toFixed(2)} x`

/** From the start of a program until everything is known; what QEMU has cost by then: CPU, resident memory, and the most it was. */
export function openingTable(openings: readonly Opening[]): string {
  const heads = ["disks", "mounted", "open s best/median", "QEMU CPU s", "MiB (peak)"]
  const others = [
    "libguestfs: listed",
    "guestfish s",
    "ratio",
    "virt-filesystems s",
    "ratio",
    "QEMU CPU s",
    "MiB (peak)",
  ]
  const rows = openings.map(({ disks, volumes, ours, cost, theirs }) => [
    `${disks}`,
    `${volumes}`,
    both(ours),
    ...costs(cost),
    ...(theirs
      ? [
          `${theirs.volumes}`,
          both(theirs.guestfish),
          ratio(ours, theirs.guestfish),
          both(theirs.virtFilesystems),
          ratio(ours, theirs.virtFilesystems),
          ...costs(theirs.cost),
        ]
      : []),
  ])
  return table(openings.some(({ theirs }) => theirs) ? [...heads, ...others] : heads, rows)
}

/** Reading from guests that are up. */
export function readingTable(readings: readonly Reading[]): string {
  const heads = ["reading", "MiB", "ours s best/median", "MiB/s", "libguestfs s", "MiB/s", "ratio"]
  const speed = (size: number, { median }: Times) => one(size / median)
  const rows = readings.map(({ what, mib: size, ours, theirs }) => [
    what,
    size.toFixed(0),
    both(ours),
    speed(size, ours),
    ...(theirs ? [both(theirs), speed(size, theirs), ratio(ours, theirs)] : []),
  ])
  return table(heads, rows)
}

/** What each has found, and how what it read differs from what was put there: a block per set of disks. */
export function comparedTable(finds: readonly BothFinds[]): string {
  const heads = ["disks", "by", "found", "state", "entries", "differences"]
  const rows = finds.flatMap(({ row, ours, theirs }) => [
    ...block(row, "ours", ours),
    ...(theirs ? block("", "libguestfs", theirs, unread(ours, theirs)) : []),
  ])
  return table(heads, rows)
}

function block(row: string, by: string, found: Finds, unread: readonly string[] = []): string[][] {
  const { finds, openSeconds, cost, tarSeconds, unchanged } = found
  const open = `open ${one(openSeconds)} s, CPU ${one(cost.cpuSeconds)} s`
  const times = `${open}; trees ${one(tarSeconds)} s; disks ${unchanged ? "unchanged" : "CHANGED"}`
  return [
    [row, by, times],
    ...finds.map((find) => [
      "",
      "",
      find.name,
      stateOf(find),
      find.tree === undefined ? "-" : `${find.compared}`,
      differencesOf(find),
    ]),
    ...unread.map((tree) => ["", "", `(${tree})`, "not read"]),
  ]
}

const stateOf = ({ state, words }: Find) => (words === undefined ? state : `${state}: ${words}`.slice(0, 60))
const differencesOf = ({ tree, wrong }: Find) => (tree === undefined ? "" : inKinds(wrong))

/** Trees that we have read and libguestfs has not. */
function unread(ours: Finds, theirs: Finds): string[] {
  const trees = (found: Finds) => found.finds.flatMap(({ tree }) => tree ?? [])
  const read = new Set(trees(theirs))
  return trees(ours).filter((tree) => !read.has(tree))
}
