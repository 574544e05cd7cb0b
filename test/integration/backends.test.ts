import { chmodSync, chownSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { randomBytes } from "node:crypto"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import type { BlockDevice } from "../../src/block/device.ts"
import { openBlockDevice } from "../../src/target/backends/block-device.ts"
import { openFile } from "../../src/target/backends/file.ts"
import { run } from "../support/run.ts"

const content = randomBytes(3 * 1024 * 1024 + 1024)
let directory: string
let image: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "backends-"))
  image = join(directory, "disk.raw")
  writeFileSync(image, content)
})
afterAll(() => rmSync(directory, { recursive: true }))

async function attach(path: string, ...options: string[]): Promise<string> {
  const { stdout } = await run("losetup", ["--find", "--show", "--read-only", ...options, path])
  const device = stdout.trim()
  onTestFinished(async () => void (await run("losetup", ["--detach", device])))
  return device
}

function kept<T extends BlockDevice>(device: T): T {
  onTestFinished(() => device.close())
  return device
}

async function readAt(device: BlockDevice, offset: number, length: number): Promise<Buffer> {
  const into = Buffer.alloc(length, 0xee)
  await device.read(into, offset)
  return into
}

describe("a block device", () => {
  test("has its size and bytes", async () => {
    const device = kept(await openBlockDevice(await attach(image)))
    expect([device.sizeBytes, device.blockSize]).toEqual([content.length, 512])
    expect(await readAt(device, 0, content.length)).toEqual(content)
    expect(await readAt(device, 12_345, 70_001)).toEqual(content.subarray(12_345, 82_346))
  })

  test("of 4 KiB blocks says so", async () => {
    const path = join(directory, "4k.raw")
    writeFileSync(path, content.subarray(0, 1024 * 1024))
    const device = kept(await openBlockDevice(await attach(path, "--sector-size", "4096")))
    expect([device.sizeBytes, device.blockSize]).toEqual([1024 * 1024, 4096])
  })

  test("of terabytes is opened at once", async () => {
    const path = join(directory, "huge.raw")
    writeFileSync(path, "")
    truncateSync(path, 4 * 2 ** 40)
    const device = kept(await openBlockDevice(await attach(path)))
    expect(device.sizeBytes).toBe(4 * 2 ** 40)
    expect(await readAt(device, 4 * 2 ** 40 - 512, 512)).toEqual(Buffer.alloc(512))
  })

  test.each([
    ["a file", () => image, "DiskUnreadable", /isn't a block device/],
    ["nothing", () => join(directory, "nothing"), "DiskUnreadable", /ENOENT/],
  ])("that is %s is refused", async (_, path, code, message) => {
    await expect(openBlockDevice(path())).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })
})

describe("a file", () => {
  test.each([
    ["whole blocks", 4096, 4096],
    ["a last block of one byte", 4097, 4608],
    ["less than a block", 100, 512],
  ])("of %s is a disk that ends in zeros", async (_, bytes, sizeBytes) => {
    const path = join(directory, `${bytes}.raw`)
    writeFileSync(path, content.subarray(0, bytes))
    const device = kept(await openFile(path))
    expect(device.sizeBytes).toBe(sizeBytes)
    const expected = Buffer.concat([content.subarray(0, bytes), Buffer.alloc(sizeBytes - bytes)])
    expect(await readAt(device, 0, sizeBytes)).toEqual(expected)
  })

  test("read at once or later gives the same bytes", async () => {
    const device = kept(await openFile(image))
    const now = Buffer.alloc(4096)
    expect(device.readNow?.(now, 8192)).toBe(true)
    expect(now).toEqual(await readAt(device, 8192, 4096))
  })

  test.each([
    ["before the start", -1, 1],
    ["past the end", content.length - 1, 2],
  ])("read %s rejects", async (_, offset, length) => {
    const device = kept(await openFile(image))
    await expect(readAt(device, offset, length)).rejects.toThrow(RangeError)
    expect(device.readNow?.(Buffer.alloc(length), offset)).toBe(false)
  })

  test("that has become shorter says so instead of giving zeros", async () => {
    const path = join(directory, "shrinks.raw")
    writeFileSync(path, content.subarray(0, 8192))
    const device = kept(await openFile(path))
    truncateSync(path, 4096)
    await expect(readAt(device, 4096, 512)).rejects.toMatchObject({ code: "DiskUnreadable" })
  })

  test("that is closed rejects, twice closed is no matter", async () => {
    const device = await openFile(image)
    await device.close()
    await device.close()
    await expect(readAt(device, 0, 512)).rejects.toMatchObject({ code: "DiskUnreadable" })
  })

  test.each([
    ["empty", () => "", /is empty/],
    ["a directory", () => undefined, /isn't a regular file/],
  ])("that is %s is refused", async (_, make, message) => {
    const path = join(directory, "odd")
    const text = make()
    if (text !== undefined) writeFileSync(path, text)
    onTestFinished(() => rmSync(path, { force: true }))
    const attempt = openFile(text === undefined ? directory : path)
    await expect(attempt).rejects.toMatchObject({ code: "DiskUnreadable", message: expect.stringMatching(message) })
  })
})

test("a device we may not open names both cures", async () => {
  const device = await attach(image)
  const guarded = join(directory, "guarded")
  chmodSync(directory, 0o755)
  await run("cp", ["-a", device, guarded])
  chownSync(guarded, 0, 0)
  chmodSync(guarded, 0o600)
  process.seteuid?.(65_534)
  onTestFinished(() => process.seteuid?.(0))
  const message = expect.stringMatching(/EACCES.*device_ownership_from_security_context.*diskGroup/)
  await expect(openBlockDevice(guarded)).rejects.toMatchObject({ code: "DeviceNotReadable", message })
})
