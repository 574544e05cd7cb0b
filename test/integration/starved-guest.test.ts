import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import pino from "pino"
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest"
import { openFile } from "../../src/target/backends/file.ts"
import { keepTestGuest } from "../support/guest/kept-guest.ts"
import { journalOf, trapped } from "../support/guest/trapped-disk.ts"
import { run } from "../support/run.ts"
import { throttle, type Throttle } from "../support/throttle.ts"

/** Guests that get next to no CPU, as in a container with a CPU limit: real ones, really throttled. */
let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "frk-starved-"))
  await run("mke2fs", ["-q", "-t", "ext4", "-b", "1024", join(dir, "image"), "32M"])
})
afterAll(() => rm(dir, { recursive: true }))

/** The limits that are hit: of a sound guest on a busy machine, each of what it does takes far less CPU than that. */
const timeouts = { volumeMs: 8000, pingEveryMs: 200, pingMs: 4000 }

test("a guest that gets no CPU while it mounts a disk is waited for: it stays, and so does the disk", async () => {
  const at = await journalOf(join(dir, "image"))
  const file = await openFile(join(dir, "image"))
  onTestFinished(() => file.close())
  let limit: Promise<Throttle> | undefined
  const starve = async () => {
    const made = await throttle(vm.pids[0] ?? 0)
    await made.set(0.01)
    return made
  }
  const device = trapped(file, [{ at, spring: () => void (limit ??= starve()) }])
  const told: { what: string; limitMs: number; passedMs: number; deniedMs: number }[] = []
  const log = pino({ level: "warn" }, { write: (line: string) => void told.push(JSON.parse(line)) })
  let short = 0
  const vm = await keepTestGuest([{ name: "sound", serial: "serial-sound", device }], {
    timeouts,
    log,
    shortOfCpu: () => void short++,
  })
  onTestFinished(async () => {
    await vm.stop()
    await (await limit)?.remove()
  })

  // longer than any limit: it would have been ended for less
  await expect.poll(() => told.find(({ what }) => what.includes("mount")), { timeout: 60_000 }).toBeDefined()
  const before = await (await limit)?.throttledMs()
  expect(before).toBeGreaterThan(timeouts.pingMs)
  await (await limit)?.set()
  await vm.came
  expect(vm.source.catalogue().volumes).toMatchObject([{ path: "sound", state: "Mounted" }])
  expect(vm.pids).toHaveLength(1)
  expect(short).toBe(told.length)
  for (const { limitMs, passedMs, deniedMs } of told) {
    expect(passedMs).toBeGreaterThanOrEqual(limitMs)
    expect(deniedMs).toBeLessThanOrEqual(passedMs)
  }
})
