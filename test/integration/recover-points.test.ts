import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, test } from "vitest"
import type { FileSource } from "../../src/files/source.ts"
import type { Volume } from "../../src/guest/catalogue.ts"
import { SideBySide } from "../../src/guest/side-by-side.ts"
import { directorySource } from "../support/directory-source.ts"
import { type RecoverLab, recoverLab } from "../support/recover-lab.ts"

/** `kubectl recover diff --points` of a session with three recovery points, against an API server in this process. */
let lab: RecoverLab
let root: string
const run = (...args: string[]) => lab.run(args)

/** What `orders` holds at each time, and which other volumes the disks have then. */
const times: { files: Record<string, string>; others: Partial<Volume>[] }[] = [
  { files: { kept: "same", lost: "x", size: "1" }, others: [{ path: "bad" }, { path: "only-first" }] },
  { files: { kept: "same", size: "22" }, others: [{ path: "bad", state: "Corrupt" }] },
  { files: { kept: "SAME", size: "22", come: "x" }, others: [{ path: "bad" }] },
]

function pointSource(place: string, { files, others }: (typeof times)[number]): FileSource {
  mkdirSync(join(place, "orders"), { recursive: true })
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(place, "orders", name), content)
    utimesSync(join(place, "orders", name), 1, 1)
  }
  const source = directorySource(place)
  const { disks, volumes } = source.catalogue()
  const more = volumes.flatMap((volume) => others.map((other) => ({ ...volume, ...other })))
  return {
    ...source,
    catalogue: () => ({ disks, volumes: [...volumes, ...more] }),
    open: (volume) => (others.some(({ path }) => path === volume) ? source.open("data") : source.open(volume)),
  }
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "points-"))
  lab = await recoverLab(
    new SideBySide(times.map((at, index) => ({ source: pointSource(join(root, `${index}`), at) }))),
  )
  await run("create", "orders", "--from", "pvc/data-0", "--wait", "-q")
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  rmSync(root, { recursive: true })
})

const first = ["point1 -> point2:", "- lost", "~ size: size 1 -> 2"]
const second = ["point2 -> point3:", "+ come"]

test.each([
  ["a directory", ["orders:/data/orders"], [...first, ...second]],
  [
    "by content, named with a point",
    ["orders:/point3-data/orders", "--checksum"],
    [...first, ...second, "~ kept: content"],
  ],
  ["what came and went", ["orders:/data/orders/lost"], ["point1 -> point2:", "- ."]],
  ["what is the same in all", ["orders:/data/orders/kept"], []],
])("%s: from each point to the next", async (_, args, lines) => {
  const { code, out } = await run("diff", "--points", ...args)
  expect({ code, lines: out.split("\n").slice(0, -1) }).toEqual({ code: lines.length > 0 ? 6 : 0, lines })
})

test("all volumes: one that can't be read in some point is compared in none, and told", async () => {
  const { code, out, err } = await run("diff", "--points", "orders:/")
  const below = (line: string) => line.replace(/^([-+~]) /, "$1 data/orders/")
  expect({ code, lines: out.split("\n") }).toEqual({
    code: 6,
    lines: [...first.map(below), "- only-first/", ...second.map(below), ""],
  })
  expect(err).toContain("/point2-bad is Corrupt: bad is not compared\n")
})

test.each([
  ["no other place, and no --points", ["orders:/data"], 2, "Name two places, or one with --points."],
  ["another place besides", ["--points", "orders:/data", "orders:/data"], 2, "Name two places, or one with --points."],
  ["what no point has", ["--points", "orders:/data/none"], 3, "No recovery point has orders:/data/none."],
])("%s: refused", async (_, args, code, words) => {
  expect(await run("diff", ...args)).toMatchObject({ code, err: expect.stringContaining(words) as string })
})

test("a session with one recovery point has nothing to compare", async () => {
  await using other = await recoverLab(directorySource(root))
  expect(await other.run(["create", "one", "--from", "pvc/data-0", "--wait", "-q"])).toMatchObject({ code: 0 })
  const { code, err } = await other.run(["diff", "--points", "one:/data"])
  expect([code, err]).toEqual([2, expect.stringContaining("one has one recovery point")])
})
