import { createHash, randomBytes } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { open } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest"
import { alignedBuffer, openUncached } from "../../src/target/backends/uncached.ts"
import { hashDisks, type HashedDisk, type HashOptions } from "../../src/target/hash-disks.ts"
import { run } from "../support/run.ts"

/** Hashes of real files and block devices, read around the page cache. */
let directory: string
beforeAll(() => void (directory = mkdtempSync(join(tmpdir(), "hash-"))))
afterAll(() => rmSync(directory, { recursive: true }))

const sha256 = (content: Buffer) => createHash("sha256").update(content).digest("hex")

function file(name: string, content: Buffer): HashedDisk {
  const path = join(directory, name)
  writeFileSync(path, content)
  return { name, path, sizeBytes: content.length }
}

function sparse(name: string, sizeBytes: number): HashedDisk {
  const disk = file(name, Buffer.alloc(0))
  truncateSync(disk.path, sizeBytes)
  return { ...disk, sizeBytes }
}

async function attach({ path }: HashedDisk, ...options: string[]): Promise<string> {
  const { stdout } = await run("losetup", ["--find", "--show", ...options, path])
  const device = stdout.trim()
  onTestFinished(async () => void (await run("losetup", ["--detach", device])))
  return device
}

/** Hashes by index, or the words of what went wrong; `bytes` of all. */
async function hashesOf(disks: readonly HashedDisk[], options: Partial<HashOptions> = {}) {
  const found: string[] = []
  let bytes = 0
  await hashDisks(disks, {
    signal: new AbortController().signal,
    progress: (more) => (bytes += more),
    hashed: (index, hash) => (found[index] = hash),
    failed: (index, { code, message }) => (found[index] = `${code}: ${message}`),
    ...options,
  })
  return { found, bytes }
}

test.each([
  ["less than a read", 512],
  ["one read", 1 << 20],
  ["some reads and a block", (3 << 20) + 512],
  ["no whole block", (1 << 20) + 77],
])("a disk of %s", async (_, length) => {
  const content = randomBytes(length)
  expect(await hashesOf([file("disk", content)])).toEqual({ found: [sha256(content)], bytes: length })
})

test("more disks than are read side by side", async () => {
  const contents = Array.from({ length: 9 }, (_, index) => randomBytes((index % 3) * 700_000 + 512))
  const disks = contents.map((content, index) => file(`many-${index}`, content))
  expect((await hashesOf(disks)).found).toEqual(contents.map((content) => sha256(content)))
})

test.each([
  ["512", []],
  ["4096", ["--sector-size", "4096"]],
])("a block device with blocks of %s bytes, whose size is a multiple of these", async (_, options) => {
  const content = randomBytes((2 << 20) + 3 * 4096)
  const image = file("image", content)
  const { found } = await hashesOf([{ ...image, path: await attach(image, "--read-only", ...options) }])
  expect(found).toEqual([sha256(content)])
})

test("what changes beneath a device is seen, though the kernel has the old bytes in its cache", async () => {
  const content = Buffer.alloc(1 << 20, "old")
  const image = file("beneath", content)
  const device = await attach(image, "--read-only")
  const [cached, storage] = [await open(device), await open(image.path, "r+")]
  onTestFinished(async () => void (await Promise.all([cached.close(), storage.close()])))
  const read = async () => (await cached.read(Buffer.alloc(8), 0, 8, 4096)).buffer
  const [before] = (await hashesOf([{ ...image, path: device }])).found
  const old = await read()
  await storage.write("new!", 4096)
  expect(await read()).toEqual(old)
  const [after] = (await hashesOf([{ ...image, path: device }])).found
  content.write("new!", 4096)
  expect([before === after, after]).toEqual([false, sha256(content)])
})

test("a file system that reads through its cache only is read through it", async () => {
  const path = "/proc/version"
  const handle = await openUncached(path)
  onTestFinished(() => handle.close())
  const into = alignedBuffer(1)
  const { bytesRead } = await handle.read(into, 0, into.length, 0)
  expect([into.length, into.toString("utf8", 0, bytesRead)]).toEqual([65_536, readFileSync(path, "utf8")])
})

test("what is wrong with a disk is told of it, and the others are hashed", async () => {
  const content = randomBytes(4096)
  const whole = file("whole", content)
  const short = { ...file("short", content), sizeBytes: 8192 }
  const missing = { name: "missing", path: join(directory, "nothing"), sizeBytes: 512 }
  expect((await hashesOf([short, missing, whole])).found).toEqual([
    "DiskUnreadable: Disk short can't be hashed: it ends after 4096 of 8192 bytes",
    expect.stringMatching(/^DiskUnreadable: Disk missing can't be hashed: .*nothing/) as string,
    sha256(content),
  ])
})

test("terabytes are given up at once", async () => {
  const abort = new AbortController()
  const disks = Array.from({ length: 5 }, (_, index) => sparse(`huge-${index}`, 2 ** 41))
  const progress = () => abort.abort(new Error("enough"))
  await expect(hashesOf(disks, { signal: abort.signal, progress })).rejects.toThrow("enough")
})
