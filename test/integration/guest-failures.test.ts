import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import pino from "pino"
import { afterEach, describe, expect, test } from "vitest"
import { prepareAppliance } from "../../src/guest/appliance.ts"
import { startGuest } from "../../src/guest/start.ts"
import { plainImages } from "../support/guest/images.ts"
import { isRunning, startTestGuest, type TestGuest } from "../support/guest/test-guest.ts"
import { startProcess, stopAll } from "../support/process.ts"
import { waitFor } from "../support/wait.ts"

const { signal } = new AbortController()
const log = pino({ level: "silent" })
let vm: TestGuest | undefined

afterEach(async () => {
  await vm?.stop()
  vm = undefined
  await stopAll()
})

async function start(images: string[], options = {}): Promise<TestGuest> {
  const dir = await plainImages()
  vm = await startTestGuest(
    images.map((name) => join(dir, `${name}.img`)),
    options,
  )
  return vm
}

const guestDirs = async () => (await readdir(tmpdir())).filter((name) => name.startsWith("frk-guest-"))

describe("a guest that is lost", () => {
  test("QEMU killed in the middle of a stream: the stream and everything after it fail at once", async () => {
    const { guest, pid } = await start(["whole"])
    const reader = await guest.open("whole")
    const reading = async () => {
      for await (const _ of guest.tar("whole", [Buffer.from("/")], { signal })) process.kill(pid, "SIGKILL")
    }
    const started = performance.now()
    await expect(reading()).rejects.toMatchObject({ code: "GuestFailed" })
    expect(performance.now() - started).toBeLessThan(5000)
    expect(await guest.closed).toMatchObject({ asked: false })
    await expect(reader.stat(Buffer.from("/"))).rejects.toMatchObject({ code: "GuestFailed" })
    await expect(guest.sha256("whole", Buffer.from("/big"))).rejects.toMatchObject({ code: "GuestFailed" })
    expect(isRunning(pid)).toBe(false)
  })

  test("QEMU stopped: the watchdog says so and ends it", async () => {
    const { guest, pid } = await start(["small"], { timeouts: { pingEveryMs: 100, pingMs: 2000 } })
    process.kill(pid, "SIGSTOP")
    expect(await guest.closed).toMatchObject({ asked: false, message: expect.stringContaining("did not answer") })
    expect(isRunning(pid)).toBe(false)
  })

  test("a disk's server killed: reading it fails, the other disk is as before", async () => {
    const { guest, disks } = await start(["whole", "gpt"])
    await disks[0]?.stop()
    await expect(guest.sha256("whole", Buffer.from("/big"))).rejects.toMatchObject({
      message: expect.stringContaining("Input/output error"),
    })
    await expect(guest.sha256("gpt-p1", Buffer.from("/big"))).resolves.toMatch(/^[0-9a-f]{64}$/)
  })

  test("this process killed: QEMU ends too", async () => {
    // a process that is killed can't tidy up: in a directory of its own
    const dir = await mkdtemp(join(tmpdir(), "frk-killed-"))
    const script = fileURLToPath(new URL("../support/guest/keep-guest.ts", import.meta.url))
    const passed = ["HOME", "XDG_CACHE_HOME", "FILE_RECOVERY_APPLIANCE"].map((name) => [name, process.env[name] ?? ""])
    const child = startProcess(script, [], { env: { ...Object.fromEntries(passed), TMPDIR: dir } })
    const { qemu } = await child.logged("guest ready", 120)
    expect(isRunning(Number(qemu))).toBe(true)
    child.kill("SIGKILL")
    await child.exited
    await waitFor("QEMU to end", async () => !isRunning(Number(qemu)), { seconds: 10, everyMs: 20 })
    await rm(dir, { recursive: true })
  })
})

describe("a guest that can't start", () => {
  test.each([
    ["an initrd of garbage", "not an archive"],
    ["an empty initrd", ""],
  ])("%s: an error with the kernel's words, no wait", async (_, bytes) => {
    const dir = await mkdtemp(join(tmpdir(), "frk-wrong-"))
    const before = await guestDirs()
    try {
      const { kernel } = await prepareAppliance()
      await writeFile(join(dir, "initrd"), bytes)
      const starting = startGuest({ kernel, initrd: join(dir, "initrd"), disks: [], log, signal })
      await expect(starting).rejects.toMatchObject({ code: "GuestFailed", message: expect.stringContaining("panic") })
      expect(await guestDirs()).toEqual(before)
    } finally {
      await rm(dir, { recursive: true })
    }
  })

  test("a kernel that isn't there: QEMU's words", async () => {
    const { initrd } = await prepareAppliance()
    const starting = startGuest({ kernel: "/nosuch/vmlinux", initrd, disks: [], log, signal })
    await expect(starting).rejects.toMatchObject({
      code: "GuestFailed",
      message: expect.stringContaining("/nosuch/vmlinux"),
    })
  })

  test("a disk nobody serves: the error names it", async () => {
    const disk = { name: "data-orders-0", serial: "s1", nbdSocket: "/nosuch/socket", export: "x" }
    const starting = startGuest({ ...(await prepareAppliance()), disks: [disk], log, signal })
    await expect(starting).rejects.toMatchObject({
      code: "DiskUnreadable",
      message: expect.stringContaining("data-orders-0"),
    })
  })

  test("a launch that takes too long is given up", async () => {
    const before = await guestDirs()
    const few = { boot: "cold", timeouts: { launchMs: 300 } } as const
    const starting = startGuest({ ...(await prepareAppliance()), disks: [], log, signal, ...few })
    await expect(starting).rejects.toMatchObject({ code: "GuestFailed", message: expect.stringContaining("300 ms") })
    expect(await guestDirs()).toEqual(before)
  })

  test("an abort ends a launch with the caller's reason", async () => {
    const abort = new AbortController()
    const starting = startGuest({
      ...(await prepareAppliance()),
      disks: [],
      log,
      signal: abort.signal,
      started: () => abort.abort(new Error("changed my mind")),
    })
    await expect(starting).rejects.toThrow("changed my mind")
  })
})
