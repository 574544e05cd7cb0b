import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, parse } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Catalogue } from "../../src/guest/catalogue.ts"
import { makeImages } from "../disks/images.ts"
import { idOf } from "../disks/row.ts"
import { rows } from "../disks/rows.ts"
import { cli, type RunningCli, startCli } from "../support/cli.ts"
import { hashFile } from "../support/hashes.ts"

/** Disks of several machines at once, as `kubectl recover open` is given them: row, and of its disks file and name here. */
const given: readonly [row: string, disks: Readonly<Record<string, string>>][] = [
  ["two volumes over two disks, one with a part on each", { first: "shop-0", second: "shop-1" }],
  ["a volume group on a degraded array of partitions", { r1: "raid-0", r3: "raid-2" }],
  ["two groups of one name, from two machines", { m1: "web-a", m2: "web-b" }],
  ["luks2 on a disk", { d: "safe" }],
  ["LUKS in LUKS on LVM on LUKS, each with another key", { n: "sealed" }],
  ["NTFS: sparse, compressed and plain files", { ntfs: "windows" }],
  ["half of a mirror was away when the other half was written to", { w2: "dynamic-1" }],
  ["a corrupt ext4, a corrupt XFS and a good one beside them", { bad: "bad", worse: "worse", good: "good" }],
]

let base: string
let env: Record<string, string>
let open: RunningCli
let images: string[]
let before: string[]

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "open-set-"))
  env = { XDG_RUNTIME_DIR: join(base, "run") }
  const sources = given.map(([name, disks]) => ({ row: rows.find((row) => row.name === name), disks }))
  const { folders, failed } = await makeImages(sources.flatMap(({ row }) => row ?? []))
  if (failed.size > 0) throw new Error([...failed.values()].join("\n"))
  mkdirSync(join(base, "disks"))
  images = sources.flatMap(({ row, disks }) =>
    Object.entries(disks).map(([name, here]) => {
      const image = join(base, "disks", `${here}.img`)
      if (row) symlinkSync(join(folders.get(idOf(row)) ?? "", `${name}.img`), image)
      return image
    }),
  )
  before = await Promise.all(images.map(hashFile))
  writeFileSync(join(base, "key"), "secret")
  open = startCli(["open", ...images, "--key-file", join(base, "key"), "--memory", "512"], env)
  await open.said("Served until Ctrl-C")
}, 600_000) // where nothing is in the cache yet, the disks are made first
afterAll(async () => {
  open.kill("SIGTERM")
  await open.ended
  rmSync(base, { recursive: true, force: true })
})

interface Expected {
  readonly kind?: string
  readonly filesystem?: string
  readonly label?: unknown
  readonly uuid?: unknown
  readonly usedBytes?: unknown
  readonly state: string
  readonly reason?: string
  readonly message?: unknown
  readonly stack: unknown
}

const some = expect.stringMatching(/./)
const mounted = (filesystem: string, label: unknown, ...stack: string[]): Expected => ({
  kind: "filesystem",
  filesystem,
  ...(label === undefined ? {} : { label }),
  uuid: some,
  usedBytes: expect.any(Number),
  state: "Mounted",
  stack,
})
const damaged = (filesystem: string, disk: string, words: RegExp): Expected => ({
  kind: "filesystem",
  filesystem,
  uuid: some,
  state: "Corrupt",
  reason: "VolumeCorrupt",
  message: expect.stringMatching(words),
  stack: [`disk ${disk}`],
})
const firstOrSecond = expect.stringMatching(/^(FIRST|SECOND)$/)
const degraded = ["disk raid-0", "gpt partition 2", "disk raid-2", "raid5 pv, 1 missing (device 1)"]

/** All that is on them; of the two groups called web, one has a part of its UUID in its name, which here is UUID. */
const volumes: Readonly<Record<string, Expected>> = {
  "shop-mail": mounted("ext4", "MAIL", "disk shop-1", "lvm shop/mail"),
  "shop-orders": mounted("ext4", "ORDERS", "disk shop-0", "disk shop-1", "lvm shop/orders"),
  "raid-0-p1": mounted("vfat", undefined, "disk raid-0", "gpt partition 1"),
  "raid-2-p1": {
    kind: "unknown",
    state: "Unsupported",
    reason: "VolumeUnsupported",
    message: expect.stringMatching(/^No file system or partition table was found/),
    stack: ["disk raid-2", "gpt partition 1"],
  },
  "vg0-home": mounted("ext4", "HOME", ...degraded, "lvm vg0/home"),
  "vg0-root": mounted("ext4", "ROOT", ...degraded, "lvm vg0/root"),
  "web-root": { ...mounted("ext4", firstOrSecond), stack: [expect.any(String), "lvm web/root"] },
  "web-UUID-root": {
    ...mounted("ext4", firstOrSecond),
    stack: [expect.any(String), expect.stringMatching(/^lvm web-\w{6}\/root$/)],
  },
  safe: mounted("ext4", undefined, "disk safe", "unlocked"),
  sealed: {
    kind: "encrypted",
    uuid: some,
    state: "Locked",
    reason: "VolumeLocked",
    message: expect.stringMatching(/^Encrypted with LUKS\. Does not fit: key file .*\/key\.$/),
    stack: ["disk sealed"],
  },
  "windows-p1": mounted("ntfs", "DATEN", "disk windows", "dos partition 1"),
  "SHOP-Dg0-Volume1": mounted("ntfs", "Volume1", "disk dynamic-1", "mirrored SHOP-Dg0/Volume1, missing Disk1"),
  bad: damaged("ext4", "bad", /EXT4-fs/),
  worse: damaged("xfs", "worse", /XFS/),
  good: mounted("ext4", undefined, "disk good"),
}
const paths = Object.keys(volumes)
const known = (path: string) => path.replace(/^web-\w{6}-/, "web-UUID-")

describe("as JSON", () => {
  let catalogue: Catalogue
  beforeAll(async () => {
    const { out } = await cli(["ls", "local:/", "-o", "json"], env)
    catalogue = JSON.parse(out.toString()) as Catalogue
  })

  test("every disk with its size, in the order in which they were given", () => {
    const sizes = images.map((image) => ({
      name: parse(image).name,
      serial: expect.any(String),
      sizeBytes: statSync(image).size,
    }))
    expect(catalogue.disks).toEqual(sizes)
  })

  test("every volume, and no other", () => {
    expect(catalogue.volumes.map(({ path }) => known(path)).sort()).toEqual(paths.toSorted())
  })

  test.each(paths)("%s with every field", (path) => {
    const found = catalogue.volumes.find((volume) => known(volume.path) === path)
    expect(found).toEqual({
      path: expect.any(String),
      device: expect.stringMatching(/^(sd|dm-)/),
      sizeBytes: expect.any(Number),
      ...volumes[path],
    })
    expect(found?.sizeBytes).toBeGreaterThan(found?.usedBytes ?? 0)
  })
})

describe("as a table", () => {
  let lines: readonly string[]
  let reasons: readonly string[]
  beforeAll(async () => {
    const { out } = await cli(["ls", "local:/"], env)
    const [table = "", remarks = ""] = out.toString().split("\n\n")
    lines = table.split("\n")
    reasons = remarks.trimEnd().split("\n")
  })
  const head = () => lines[0] ?? ""
  const line = (path: string) => lines.find((words) => known(words.slice(1)).startsWith(`${path} `)) ?? ""
  const cell = (path: string, column: string) =>
    line(path)
      .slice(head().indexOf(column))
      .replace(/ {2,}.*$/, "")

  test("all but what a volume lies on fits into 80 columns, under its head", () => {
    expect(head()).toMatch(/^VOLUME +STATE +FILESYSTEM +LABEL +SIZE +USED +ON$/)
    expect(head().indexOf("ON")).toBeLessThan(80)
    expect(lines).toHaveLength(1 + paths.length)
    for (const words of lines) expect(words.slice(head().indexOf("STATE") - 2, head().indexOf("STATE"))).toBe("  ")
  })

  test.each(paths)("%s", (path) => {
    const { state, filesystem = "-", label = "-", stack } = volumes[path] ?? {}
    expect([cell(path, "STATE"), cell(path, "FILESYSTEM")]).toEqual([state, filesystem])
    expect([cell(path, "LABEL")]).toEqual([label])
    expect(cell(path, "SIZE")).toMatch(/^[\d.]+ MiB$/)
    expect(cell(path, "USED")).toMatch(state === "Mounted" ? /^[\d.]+ MiB$/ : /^-$/)
    expect(cell(path, "ON").split(" > ")).toEqual(stack)
  })

  test("below it stands why those that can't be read can't", () => {
    const why = paths.filter((path) => volumes[path]?.message !== undefined)
    expect(reasons.map((words) => words.replace(/^\/(\S+): .*$/, "$1")).sort()).toEqual(why.toSorted())
    for (const path of why)
      expect(reasons.map((words) => words.replace(`/${path}: `, ""))).toContainEqual(volumes[path]?.message)
  })
})

test("Ctrl-C ends it; it has printed that table, never the key, and the disks hold what they held before", async () => {
  const shown = await cli(["ls", "local:/"], env)
  open.kill("SIGINT")
  const { code, out, err } = await open.ended
  expect({ code, out: out.toString() }).toEqual({ code: 0, out: shown.out.toString() })
  expect(out.toString() + err).not.toContain("secret")
  expect(await Promise.all(images.map(hashFile))).toEqual(before)
})
