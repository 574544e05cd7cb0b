import { createHash } from "node:crypto"
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs"
import { connect } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest"
import { serveNbd, type NbdServer } from "../../src/nbd/server.ts"
import { randomDisk, silent } from "../support/iscsi-lab.ts"
import { run } from "../support/run.ts"
import { waitFor } from "../support/wait.ts"

const mebibyte = 1 << 20
const disk = randomDisk("disk-1", 16 * mebibyte)
const exports = new Map([
  ["disk-1", disk.device],
  ["größer", randomDisk("disk-2", mebibyte).device],
])
let directory: string
let path: string
let server: NbdServer

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "nbd-"))
  path = join(directory, "disks.sock")
})
afterAll(() => rmSync(directory, { recursive: true }))
beforeEach(async () => {
  server = await serveNbd({ path, exports, log: silent })
})
afterEach(() => server.close())

const uri = (name: string) => `nbd+unix:///${encodeURIComponent(name)}?socket=${path}`

test("nbdinfo lists the exports, read-only and open to several connections", async () => {
  const { stdout } = await run("nbdinfo", ["--list", "--json", `nbd+unix://?socket=${path}`])
  const { exports } = JSON.parse(stdout) as { exports: Array<Record<string, unknown>> }
  const facts = exports.map((one) => [
    one["export-name"],
    one["export-size"],
    one["is_read_only"],
    one["can_multi_conn"],
  ])
  expect(facts).toEqual([
    ["disk-1", 16 * mebibyte, true, true],
    ["größer", mebibyte, true, true],
  ])
})

test("qemu-img reads the same bytes", async () => {
  const copy = join(directory, "copy.raw")
  await run("qemu-img", ["convert", "-f", "raw", "-O", "raw", uri("disk-1"), copy])
  const { stdout } = await run("sha256sum", [copy])
  expect(stdout.split(" ")[0]).toBe(createHash("sha256").update(disk.content).digest("hex"))
})

test("qemu-io reads at odd places, several at once", async () => {
  const at = (offset: number, length: number) => ["-c", `aio_read -v -q ${offset} ${length}`]
  const reads = [at(0, 512), at(12_345, 70_001), at(16 * mebibyte - 1, 1), at(mebibyte, 4 * mebibyte)].flat()
  const pattern = join(directory, "expected.raw")
  writeFileSync(pattern, disk.content)
  await run("qemu-io", ["-r", "-f", "raw", uri("disk-1"), ...reads, "-c", "aio_flush"])
  const { stdout } = await run("qemu-img", ["compare", "-f", "raw", "-F", "raw", uri("disk-1"), pattern])
  expect(stdout).toContain("Images are identical")
})

test("a writer is refused", async () => {
  const { code, stderr } = await run("qemu-io", ["-f", "raw", uri("disk-1"), "-c", "write 0 512"], {
    accept: undefined,
  })
  expect([code === 0, stderr]).toEqual([false, expect.stringMatching(/Permission denied|read-only/)])
})

test("an export that isn't there is refused", async () => {
  const { code } = await run("nbdinfo", [uri("disk-9")], { accept: undefined })
  expect(code).not.toBe(0)
})

describe("the socket", () => {
  test("is the owner's alone, unless another mode is asked for", async () => {
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const shared = join(directory, "shared.sock")
    const other = await serveNbd({ path: shared, exports, log: silent, mode: 0o660 })
    expect(statSync(shared).mode & 0o777).toBe(0o660)
    await other.close()
  })

  test("is gone after close, and one that was left behind is replaced", async () => {
    await server.close()
    expect(existsSync(path)).toBe(false)
    // a process that was killed leaves its socket
    const leave = `require("node:net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`
    await run(process.execPath, ["-e", leave, path], { accept: undefined })
    expect(existsSync(path)).toBe(true)
    server = await serveNbd({ path, exports, log: silent })
    expect((await run("nbdinfo", ["--size", uri("disk-1")])).stdout.trim()).toBe(String(16 * mebibyte))
  })

  test("never takes the place of a file", async () => {
    const file = join(directory, "precious")
    writeFileSync(file, "content")
    await expect(serveNbd({ path: file, exports, log: silent })).rejects.toThrow(/EADDRINUSE/)
  })
})

test("garbage ends that connection and no other", async () => {
  const socket = connect(path)
  onTestFinished(() => void socket.destroy())
  socket.resume().write(Buffer.alloc(64, 0xff))
  await new Promise((resolve) => socket.once("close", resolve))
  expect((await run("nbdinfo", ["--size", uri("disk-1")])).stdout.trim()).toBe(String(16 * mebibyte))
})

test("close ends connections with reads under way", async () => {
  const started = Promise.withResolvers<void>()
  const slow = { ...disk.device, read: () => new Promise<void>(() => started.resolve()) }
  const other = join(directory, "slow.sock")
  const stuck = await serveNbd({ path: other, exports: new Map([["slow", slow]]), log: silent })
  const client = run("qemu-io", ["-r", "-f", "raw", `nbd+unix:///slow?socket=${other}`, "-c", "read 0 512"], {
    accept: undefined,
  })
  await started.promise
  await stuck.close()
  expect((await client).code).not.toBe(0)
  await waitFor("no socket", async () => !existsSync(other), { seconds: 5, everyMs: 10 })
})
