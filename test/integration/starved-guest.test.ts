import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pino from "pino"
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest"
import type { BlockDevice } from "../../src/block/device.ts"
import { openFile } from "../../src/target/backends/file.ts"
import { keepTestGuest } from "../support/guest/kept-guest.ts"
import { journalOf } from "../support/guest/trapped-disk.ts"
import { run } from "../support/run.ts"
import { throttle, type Throttle } from "../support/throttle.ts"

/** Guests that get next to no CPU, as in a container with a CPU limit: real ones, really throttled. */
let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "frk-starved-"))
  await run("mke2fs", ["-q", "-t", "ext4", "-b", "1024", join(dir, "image"), "32M"])
})
afterAll(() => rm(dir, { recursive: true }))

/** What a sound guest does takes far less CPU than that, each; how long it takes on a machine that is busy can't be said. */
const timeouts = { volumeMs: 6000, pingEveryMs: 200, pingMs: 2000 }

interface Extension {
  readonly what: string
  readonly limitMs: number
  readonly passedMs: number
  readonly deniedMs: number
}

/** It may have to boot, on a machine that is busy. */
const patience = 400_000

test("a guest without CPU that mounts a disk is waited for: both stay", { timeout: patience }, async () => {
  const at = await journalOf(join(dir, "image"))
  const file = await openFile(join(dir, "image"))
  onTestFinished(() => file.close())
  let limit: Promise<Throttle> | undefined
  const starve = async () => {
    const made = await throttle(vm.pids[0] ?? 0)
    await made.set(0.001)
    return made
  }
  const device: BlockDevice = {
    sizeBytes: file.sizeBytes,
    blockSize: file.blockSize,
    close: () => file.close(),
    read: async (into, offset) => {
      if (at >= offset && at < offset + into.length) await (limit ??= starve()) // what it reads it can make little of
      await file.read(into, offset)
    },
  }
  const extensions: Extension[] = []
  const write = (line: string) => {
    const entry = JSON.parse(line) as Partial<Extension>
    if (entry.what !== undefined) extensions.push(entry as Extension)
  }
  const log = pino({ level: "warn" }, { write })
  let short = 0
  const disks = [{ name: "sound", serial: "serial-sound", device }]
  const vm = await keepTestGuest(disks, { timeouts, log, shortOfCpu: () => void short++ })
  onTestFinished(async () => {
    await vm.stop()
    await (await limit)?.remove()
  })

  const mount = () => extensions.find(({ what }) => what.includes("mount"))
  let isOver = false
  const over = () => (isOver = true)
  void vm.came.then(over, over)
  await expect.poll(() => isOver || mount() !== undefined, { timeout: patience }).toBe(true)
  expect(mount()).toBeDefined() // the disk would have been left out by now
  await (await limit)?.set()
  await vm.came
  expect(vm.source.catalogue().volumes).toMatchObject([{ path: "sound", state: "Mounted" }])
  expect(vm.pids).toHaveLength(1)
  expect(mount()?.passedMs).toBeGreaterThanOrEqual(timeouts.volumeMs)
  expect(mount()?.deniedMs).toBeLessThanOrEqual(mount()?.passedMs ?? 0)
  expect((await (await limit)?.throttledMs()) ?? 0).toBeGreaterThan(0)
  expect(short).toBe(extensions.length)
})
