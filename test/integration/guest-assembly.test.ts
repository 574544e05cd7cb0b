import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { copyImage } from "../support/guest/images.ts"
import { startTestGuest, type TestGuest } from "../support/guest/test-guest.ts"
import { noise } from "../support/guest/tree.ts"
import { dirtyFiles, vmImages } from "../support/guest/vm-images.ts"

const { signal } = new AbortController()
const names = ["lvm1", "lvm2", "other", "raid1", "raid2", "luks", "dirty-ext4", "dirty-xfs"]
let dir: string
let before: Map<string, string>
let vm: TestGuest

beforeAll(async () => {
  const images = await vmImages()
  dir = await mkdtemp(join(tmpdir(), "frk-assembly-"))
  // copies: the server lets itself be written to, and the cache must stay as it is
  for (const name of names) await copyImage(join(images, `${name}.img`), join(dir, `${name}.img`))
  before = await sums()
  vm = await startTestGuest(names.map((name) => join(dir, `${name}.img`)))
})

afterAll(async () => {
  await vm.stop()
  await rm(dir, { recursive: true, force: true })
})

async function sums(): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const name of names) {
    const hash = createHash("sha256")
    await pipeline(createReadStream(join(dir, `${name}.img`)), hash)
    found.set(name, hash.digest("hex"))
  }
  return found
}

async function content(volume: string, path: string): Promise<string> {
  const reader = await vm.guest.open(volume)
  try {
    const parts: Buffer[] = []
    for await (const part of reader.read(Buffer.from(path), { start: 0, end: 1 << 30, signal })) parts.push(part)
    return Buffer.concat(parts).toString()
  } finally {
    reader.release()
  }
}

const find = (path: RegExp) => vm.guest.catalogue().volumes.find((volume) => path.test(volume.path))

describe("assembly", () => {
  test.each([
    ["ext4 on a logical volume", /^vg0(-\w{6})?-data$/, { filesystem: "ext4", state: "Mounted" }],
    [
      "XFS on a logical volume across two disks",
      /^vg0(-\w{6})?-logs$/,
      {
        filesystem: "xfs",
        state: "Mounted",
        stack: ["disk lvm1", "disk lvm2", expect.stringMatching(/^lvm vg0.*\/logs$/)],
      },
    ],
    ["a mirror", /^md-mirror$/, { state: "Mounted", stack: ["disk raid1", "disk raid2", "raid1 mirror"] }],
    ["an encrypted disk", /^luks$/, { kind: "encrypted", state: "Locked", reason: "VolumeLocked" }],
  ])("%s", (_, path, expected) => {
    expect(find(path)).toMatchObject(expected)
  })

  test("two groups of one name are both there, under names of their own", () => {
    const data = vm.guest.catalogue().volumes.filter(({ path }) => path.endsWith("-data"))
    expect(data.map(({ label = "", state }) => `${label} ${state}`).sort()).toEqual(["SMALL Mounted", "WHOLE Mounted"])
    expect(data.map(({ path }) => path.replace(/-\w{6}-/, "-UUID-")).sort()).toEqual(["vg0-UUID-data", "vg0-data"])
  })

  test("members of groups and arrays are not listed as volumes", () => {
    expect(vm.guest.catalogue().volumes).toHaveLength(7)
  })

  test("a file on the volume group is what was put there", async () => {
    const whole = vm.guest.catalogue().volumes.find(({ label }) => label === "WHOLE")?.path ?? ""
    const expected = createHash("sha256")
      .update(noise("big", 24 << 20))
      .digest("hex")
    expect(await vm.guest.sha256(whole, Buffer.from("/big"))).toBe(expected)
    expect(await content(find(/-logs$/)?.path ?? "", "/os-release")).toBe("ID=inside\n")
  })
})

describe("a journal that was not written back", () => {
  test.each(["dirty-ext4", "dirty-xfs"])("%s: every file is there", async (volume) => {
    const reader = await vm.guest.open(volume)
    const found: string[] = []
    for await (const page of reader.list(Buffer.from("/written")))
      found.push(...page.map(({ name }) => name.toString()))
    reader.release()
    expect(found.sort()).toEqual([...Array(dirtyFiles).keys()].map((index) => `f${index}`).sort())
    expect(await content(volume, `/written/f${dirtyFiles - 1}`)).toBe(`${dirtyFiles - 1}\n`)
  })
})

describe("encryption", () => {
  test("a wrong passphrase is refused, the right one opens the volume in its place", async () => {
    await expect(vm.guest.unlock("luks", Buffer.from("wrong"))).rejects.toMatchObject({ code: "VolumeLocked" })
    await expect(vm.guest.open("luks")).rejects.toMatchObject({ code: "VolumeLocked" })
    await vm.guest.unlock("luks", Buffer.from("secret"))
    expect(find(/^luks$/)).toMatchObject({ filesystem: "ext4", state: "Mounted", stack: ["disk luks", "unlocked"] })
    expect(await content("luks", "/f7")).toBe("7")
    expect(find(/^dirty-xfs$/)).toMatchObject({ state: "Mounted" })
  })
})

test("afterwards the disks hold what they held before", async () => {
  await vm.guest.powerOff()
  expect(await vm.guest.closed).toMatchObject({ asked: true })
  expect(await sums()).toEqual(before)
})
