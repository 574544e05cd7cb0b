import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Catalogue } from "../../src/guest/catalogue.ts"
import { cli, type RunningCli, startCli } from "../support/cli.ts"
import { hashFile } from "../support/hashes.ts"
import { pointDisks } from "../support/point-disks.ts"

let base: string
let env: Record<string, string>
let open: RunningCli
let images: string[]
let before: string[]

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), "points-"))
  env = { XDG_RUNTIME_DIR: join(base, "run") }
  const { old, later } = await pointDisks(base)
  images = [...old, ...later]
  before = await Promise.all(images.map(hashFile))
  writeFileSync(join(base, "key"), "secret")
  const points = [old, later].flatMap((disks) => ["--point", disks.join(",")])
  open = startCli(["open", ...points, "--key-file", join(base, "key"), "--memory", "512"], env)
  await open.said("Served until Ctrl-C")
}, 600_000) // where nothing is in the cache yet, the disks are made first
afterAll(async () => {
  open.kill("SIGTERM")
  await open.ended
  rmSync(base, { recursive: true, force: true })
})

const local = (...args: string[]) => cli(args, env)

/** What each is, and the same things of which it would be put together by whoever saw the disks of both times. */
const volumes = {
  b1: { filesystem: "btrfs", on: ["disk b1", "disk b2"] },
  "SHOP-Dg0-Volume1": { filesystem: "ntfs", on: ["disk w1", "simple SHOP-Dg0/Volume1"] },
  l1: { filesystem: "ext4", on: ["disk l1", "unlocked"] },
  "md-home": { filesystem: "ext4", on: ["disk m1", "disk m2", "raid1 home"] },
  "vg0-data": { filesystem: "ext4", on: ["disk a1", "disk a2", "lvm vg0/data"] },
  "vg0-logs": { filesystem: "xfs", on: ["disk a1", "disk a2", "lvm vg0/logs"] },
}
const names = Object.keys(volumes)

test("each point has all of its volumes, of its own disks", async () => {
  const { out } = await local("ls", "local:/", "-o", "json")
  const catalogue = JSON.parse(out.toString()) as Catalogue
  expect(catalogue.disks.map(({ name, point }) => `${point} ${name}`)).toEqual(
    [1, 2].flatMap((point) => ["a1", "a2", "m1", "m2", "b1", "b2", "l1", "w1"].map((name) => `${point} ${name}`)),
  )
  const expected = [1, 2].flatMap((point) =>
    Object.entries(volumes).map(([name, { filesystem, on }]) => ({
      path: `point${point}-${name}`,
      point,
      filesystem,
      state: "Mounted",
      stack: [`recovery point ${point}`, ...on],
    })),
  )
  expect(catalogue.volumes).toHaveLength(expected.length)
  expect(catalogue.volumes).toEqual(expect.arrayContaining(expected.map((volume) => expect.objectContaining(volume))))
  const uuids = (point: number) => catalogue.volumes.filter((one) => one.point === point).map(({ uuid }) => uuid)
  expect(uuids(1)).toEqual(uuids(2))
})

test.each(names)("%s holds what each time has left in it", async (name) => {
  const which = async (point: number) => (await local("cat", `local:/point${point}-${name}/which`)).out.toString()
  expect([await which(1), await which(2)]).toEqual(["old\n", "later\n"])
})

describe("diff", () => {
  const ofOne = ["- etc/gone", "+ etc/added", "~ which: size 4 -> 6"]

  test("of two paths of the session", async () => {
    const { code, out } = await local("diff", "local:/point1-vg0-data", "local:/point2-vg0-data")
    expect(code).toBe(6)
    expect(out.toString().split("\n").sort()).toEqual(["", ...ofOne].sort())
  })

  test("of a volume in all points, named without its point", async () => {
    const { code, out, err } = await local("diff", "--points", "local:/b1/etc")
    expect({ code, out: out.toString() }).toEqual({ code: 6, out: "point1 -> point2:\n+ added\n- gone\n" })
    expect(err).toContain("2 differences.")
  })

  test("of all volumes", async () => {
    const { code, out } = await local("diff", "--points", "--checksum", "local:/")
    expect(code).toBe(6)
    const expected = names.flatMap((name) => ofOne.map((line) => line.replace(" ", ` ${name}/`)))
    expect(out.toString().split("\n").sort()).toEqual(["", "point1 -> point2:", ...expected].sort())
  })

  test("of what one point does not have, for programs", async () => {
    const { code, out } = await local("diff", "--points", "-o", "json", "local:/point1-l1/etc/gone")
    expect(code).toBe(6)
    expect(JSON.parse(out.toString())).toMatchObject([{ points: [1, 2], path: "/", change: "removed" }])
  })

  test.each([
    ["what no point has", "local:/b1/nowhere", "No recovery point has local:/b1/nowhere."],
    ["two places at once", "local:/b1 local:/b1", "Name two places, or one with --points."],
  ])("%s is refused", async (_, places, words) => {
    const { code, err } = await local("diff", "--points", ...places.split(" "))
    expect(code).toBeGreaterThan(0)
    expect(err).toContain(words)
  })
})

test("the disks were not changed", async () => {
  expect(await Promise.all(images.map(hashFile))).toEqual(before)
})
