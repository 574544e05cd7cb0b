import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import type { NamedDisk } from "../../src/block/device.ts"
import { openFile } from "../../src/target/backends/file.ts"
import { keepTestGuest, type KeptGuest } from "../support/guest/kept-guest.ts"
import { journalOf, trapped, type Trap } from "../support/guest/trapped-disk.ts"
import { run } from "../support/run.ts"

/** Volumes and disks that end the guest whenever it does something with them: real guests, really ended. */
let dir: string
let vm: KeptGuest | undefined
let journal: number

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "frk-deadly-"))
  await mkdir(join(dir, "tree"))
  await writeFile(join(dir, "tree/file"), "served all the same")
  await run("mke2fs", ["-q", "-t", "ext4", "-b", "1024", "-d", join(dir, "tree"), join(dir, "image"), "32M"])
  journal = await journalOf(join(dir, "image"))
})
afterEach(() => vm?.stop())
afterAll(() => rm(dir, { recursive: true }))

async function disk(name: string, ...traps: Trap[]): Promise<NamedDisk> {
  return { name, serial: `serial-${name}`, device: trapped(await openFile(join(dir, "image")), traps) }
}

const kill = (signal: NodeJS.Signals) => process.kill(vm?.pids.at(-1) ?? 0, signal)
const found = () => Object.fromEntries((vm?.source.catalogue().volumes ?? []).map((volume) => [volume.path, volume]))

async function content(volume: string): Promise<string | undefined> {
  const reader = await vm?.source.open(volume)
  const parts: Buffer[] = []
  const range = { start: 0, end: 1000, signal: new AbortController().signal }
  for await (const part of reader?.read(Buffer.from("/file"), range) ?? []) parts.push(part)
  reader?.release()
  return Buffer.concat(parts).toString()
}

/** Each guest that has to boot takes its time on a machine that is busy. */
const patience = 400_000

test(
  "a volume that ends the guest when it is mounted is left out, once that is beyond doubt; the other is served",
  { timeout: patience },
  async () => {
    let times = 0
    // QEMU that is killed may be chance: the second guest hangs for good
    const spring = () => kill(times++ === 0 ? "SIGKILL" : "SIGSTOP")
    const disks = [await disk("good"), await disk("deadly", { at: journal, spring })]
    vm = await keepTestGuest(disks, { timeouts: { pingEveryMs: 500, pingMs: 20_000 } })
    await vm.came
    expect(found()).toMatchObject({
      good: { state: "Mounted", filesystem: "ext4" },
      deadly: {
        state: "Corrupt",
        reason: "VolumeCorrupt",
        filesystem: "ext4",
        message:
          "It ended the micro-VM twice while it was being mounted (it did not answer any more), and is left out.",
      },
    })
    expect(vm.pids.length).toBe(3)
    expect(await content("good")).toBe("served all the same")
    await expect(vm.source.open("deadly")).rejects.toMatchObject({
      code: "VolumeCorrupt",
      message: expect.stringContaining("left out"),
    })
  },
)

test(
  "a disk that ends the guest when it is looked at is found among the others and left out",
  { timeout: patience },
  async () => {
    const spring = () => kill("SIGKILL")
    const disks = [await disk("one"), await disk("two"), await disk("deadly", { at: (32 << 20) - 1, spring })]
    vm = await keepTestGuest(disks)
    await vm.came
    expect(found()).toMatchObject({
      one: { state: "Mounted" },
      two: { state: "Mounted" },
      deadly: {
        state: "Corrupt",
        kind: "unknown",
        sizeBytes: 32 << 20,
        stack: ["disk deadly"],
        message: expect.stringContaining("looked at"),
      },
    })
    expect(vm.source.catalogue().disks.map(({ sizeBytes }) => sizeBytes)).toEqual([32 << 20, 32 << 20, 32 << 20])
    expect(await content("two")).toBe("served all the same")
  },
)
