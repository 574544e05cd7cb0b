import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { contentsOf, unlike } from "../../bench/files/contents.ts"
import { fileSet, fileSetDisk } from "../../bench/files/file-set.ts"
import type { Line, Measured } from "../../bench/files/measure.ts"
import { figuresOf, filesTable } from "../../bench/files/report.ts"
import { tasksOf } from "../../bench/files/tasks.ts"
import { hashFile } from "../../support/hashes.ts"
import { tarBytes } from "../../support/tar-bytes.ts"

test("the full size is the issue's, a smaller one is smaller everywhere, and the disk holds it", () => {
  expect(fileSet(1024)).toEqual({ largeMiB: 1024, entries: 100_000, files: 10_000, eachMiB: 100 })
  expect(fileSet(64)).toEqual({ largeMiB: 64, entries: 6250, files: 600, eachMiB: 6 })
  expect(fileSet(1)).toEqual({ largeMiB: 1, entries: 98, files: 100, eachMiB: 1 })
  for (const sizeMiB of [1, 64, 1024]) {
    const set = fileSet(sizeMiB)
    const bytes = (3 * set.largeMiB + 22 * set.eachMiB) * 2 ** 20 + 2 * set.files * 4096
    expect((fileSetDisk(set).disks[0]?.sizeMiB ?? 0) * 2 ** 20).toBeGreaterThan(1.05 * bytes)
  }
})

const spent = (seconds: number, cpuSeconds: number, qemuSeconds: number) => ({ seconds, cpuSeconds, qemuSeconds })
const large = tasksOf(fileSet(1024)).find(({ key }) => key === "large")
const line = (by: Line["by"], way: string, ...rounds: Line["rounds"]): Line => ({ by, way, amount: 1024, rounds })
const measured = (...lines: Line[]): Measured => {
  if (!large) throw new Error("there is no such task")
  return { task: large, lines, wrong: [] }
}
const download = line("libguestfs", "download", spent(40, 50, 45), spent(30, 40, 35), spent(90, 60, 55))

test("medians, and how they compare with libguestfs' quickest", () => {
  const slower = line("libguestfs", "another", spent(80, 20, 10))
  const [theirs, , ours] = figuresOf(measured(download, slower, line("here", "HTTP", spent(10, 20, 15))))
  expect(theirs).toMatchObject({ by: "libguestfs", seconds: 40, cpuSeconds: 50, timesAsFast: 1, rate: 25.6 })
  expect(theirs).not.toHaveProperty("goal")
  expect(ours).toMatchObject({ way: "HTTP", timesAsFast: 4, cpuRatio: 2.5, rate: 102.4, unit: "MiB", goal: 3 })
})

test.each([
  ["through the guest, whose CPU it takes", "HTTP", 10, "HTTP"],
  ["past the guest, which does nothing", "HTTP", 0.2, "HTTP, past the guest"],
])("a file that is read %s", (_, way, qemuSeconds, shown) => {
  expect(figuresOf(measured(line("here", way, spent(5, 6, qemuSeconds))))[0]?.way).toBe(shown)
})

test("libguestfs' guest that does nothing is told as it is", () => {
  expect(figuresOf(measured(line("libguestfs", "download", spent(5, 6, 0))))[0]?.way).toBe("download")
})

test("a table: what is read is named once, goals only where there are any", () => {
  const lines = [download, line("here", "HTTP", spent(10, 20, 15)), line("here", "SFTP", spent(20, 30, 5.5))]
  expect(filesTable(figuresOf(measured(...lines)))).toBe(
    [
      "read                by                    s     per s    times as fast  CPU s (QEMU)  CPU ratio  goal",
      "a file of 1024 MiB  libguestfs: download  40.0  26 MiB   1.00 x         50.0 (45.0)   1.00 x",
      "                    HTTP                  10.0  102 MiB  4.00 x         20.0 (15.0)   2.50 x     3 x: reached",
      "                    SFTP                  20.0  51 MiB   2.00 x         30.0 (5.50)   1.67 x     3 x: missed",
      "",
    ].join("\n"),
  )
  expect(filesTable(figuresOf(measured(...lines.slice(1))))).toMatch(/ {2}- +20\.0 \(15\.0\) +- +3 x$/m)
})

test.each([
  ["the same", [["a", "1"]], [["a", "1"]], false, []],
  ["another byte", [["a", "2"]], [["a", "1"]], false, ["a has other bytes"]],
  ["one is missing", [], [["a", "1"]], false, ["a is missing"]],
  [
    "a part",
    [["a", ""]],
    [
      ["a", ""],
      ["b", ""],
    ],
    true,
    [],
  ],
  ["a part with what is not there", [["c", ""]], [["a", ""]], true, ["c is there by the one only"]],
] as const)("%s", (_, read, other, isPart, words) => {
  expect(unlike(new Map(read), new Map(other), { isPart })).toEqual(words)
})

test("what was read is told by its names, and by its bytes where they were read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "frk-contents-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, "large"), "large")
  writeFileSync(join(folder, "all.names"), "one\ntwo\n")
  writeFileSync(join(folder, "page.json"), JSON.stringify({ entries: [{ name: "three", type: "file" }], next: "1" }))
  writeFileSync(
    join(folder, "tree.tar"),
    tarBytes([
      { name: "tree-1/0/a", body: "large" },
      { name: "./0/b", body: "large" },
    ]),
  )
  const sum = await hashFile(join(folder, "large"))
  expect(Object.fromEntries(await contentsOf(folder))).toEqual({
    large: sum,
    "0/a": sum,
    "0/b": sum,
    one: "",
    two: "",
    three: "",
  })
})
