import { createHash } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { Writable } from "node:stream"
import pino from "pino"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { RecoveryError } from "../../src/api/reasons.ts"
import type { BlockDevice, NamedDisk } from "../../src/block/device.ts"
import { type PastCounts, PastTheGuest } from "../../src/guest/past/past-the-guest.ts"
import { Sensitive } from "../../src/observability/sensitive.ts"
import { openFile } from "../../src/target/backends/file.ts"
import { keepTestGuest, type KeptGuest } from "../support/guest/kept-guest.ts"
import { largeFileDisks, largeFiles } from "../support/guest/large-files.ts"

/** Files on all kinds of volumes, of one guest: read past it or through it, they are what was written. */
let files: string
let devices: BlockDevice[]
let past: PastTheGuest
let kept: KeptGuest
/** What this process reads of the disks, past the guest; the guest reads the disks as they are. */
let reads: (read: () => Promise<void>, into: Buffer) => Promise<void>
const faithful: typeof reads = (read) => read()

/** How it was decided to read files: called when it is. */
let decided = (_how: string) => {}
const log = pino(
  { level: "debug" },
  new Writable({
    write(line: Buffer, _, done) {
      const { msg, why = "" } = JSON.parse(line.toString()) as { msg: string; why?: string }
      if (/^a file (can be|is) read/.test(msg)) decided(why)
      done()
    },
  }),
)

beforeAll(async () => {
  reads = faithful
  const dir = await largeFiles()
  files = join(dir, "files")
  devices = await Promise.all(largeFileDisks.map((name) => openFile(join(dir, `${name}.img`))))
  const disks = devices.map((device, index): NamedDisk => {
    return { name: largeFileDisks[index] ?? "", serial: `large-${index}`, device }
  })
  past = new PastTheGuest(
    disks.map(({ device, ...disk }) => ({
      ...disk,
      device: {
        sizeBytes: device.sizeBytes,
        blockSize: device.blockSize,
        read: (into, offset) => reads(() => device.read(into, offset), into),
        close: () => device.close(),
      },
    })),
  )
  const keys = [{ name: "key", value: new Sensitive(Buffer.from("secret")) }]
  const timeouts = { launchMs: 600_000, volumeMs: 600_000 }
  kept = await keepTestGuest(disks, { past, keys, log, timeouts })
  await kept.came
}, 600_000)
afterAll(async () => {
  await kept.stop()
  for (const device of devices) await device.close()
})

interface Read {
  readonly sha256: string
  /** Why it was read through the guest; empty when it was read past it. */
  readonly why: string
  readonly counts: PastCounts
}

/** Reads a file, or a part of it, and waits after the first bytes until it is decided how the others are read. */
async function read(volume: string, name: string, part?: { start: number; end: number }): Promise<Read> {
  const before = past.counts
  const reader = await kept.source.open(volume)
  const path = Buffer.from(`/${name}`)
  const { sizeBytes } = await reader.stat(path)
  const decision = new Promise<string>((resolve) => (decided = resolve))
  const hash = createHash("sha256")
  let length = 0
  const range = part ?? { start: 0, end: sizeBytes }
  for await (const bytes of reader.read(path, { ...range, signal: new AbortController().signal })) {
    hash.update(bytes)
    if (length === 0) await decision
    length += bytes.length
  }
  reader.release()
  const { files, bytes, differences } = past.counts
  return {
    sha256: hash.digest("hex"),
    why: await decision,
    counts: { files: files - before.files, bytes: bytes - before.bytes, differences: differences - before.differences },
  }
}

const written = async (name: string, { start = 0, end = Infinity } = {}) =>
  createHash("sha256")
    .update((await readFile(join(files, name))).subarray(start, end))
    .digest("hex")
const most = expect.toSatisfy((bytes: number) => bytes > 20 << 20 && bytes < 24 << 20)
const none = { files: 0, bytes: 0, differences: 0 }

describe("past the guest", () => {
  test.each([
    ["ext4", "large", "large"],
    ["ext4, in pieces of 64 KiB", "fragments", "large"],
    ["ext4, with holes", "holes", "holes"],
  ])("%s", async (_, name, content) => {
    const counts = { files: 1, bytes: most, differences: 0 }
    expect(await read("ext4", name)).toEqual({ sha256: await written(content), why: "", counts })
  })

  test.each(["xfs", "wide-linear", "wide-striped"])("%s", async (volume) => {
    const counts = { files: 1, bytes: most, differences: 0 }
    expect(await read(volume, "large")).toEqual({ sha256: await written("large"), why: "", counts })
  })

  test("several who read one file at once: the guest is asked where it lies once", async () => {
    let asked = 0
    const decision = new Promise<void>((resolve) => {
      decided = () => {
        asked++
        resolve()
      }
    })
    const before = past.counts.files
    const hashes = await Promise.all(
      Array.from({ length: 5 }, async () => {
        const reader = await kept.source.open("ext4")
        const hash = createHash("sha256")
        let length = 0
        const range = { start: 0, end: (24 << 20) - 1, signal: new AbortController().signal, lent: true }
        for await (const bytes of reader.read(Buffer.from("/large"), range)) {
          hash.update(bytes)
          if (length === 0) await decision
          length += bytes.length
        }
        reader.release()
        return hash.digest("hex")
      }),
    )
    const sum = await written("large", { end: (24 << 20) - 1 })
    expect(new Set(hashes)).toEqual(new Set([sum]))
    expect({ asked, files: past.counts.files - before }).toEqual({ asked: 1, files: 5 })
  })

  test("a part that begins and ends anywhere", async () => {
    const part = { start: 1_234_567, end: 20_000_001 }
    const { sha256, why, counts } = await read("wide-striped", "large", part)
    expect({ sha256, why, files: counts.files }).toEqual({ sha256: await written("large", part), why: "", files: 1 })
  })
})

/** The hash of a file, of parts that are too small to be read past the guest. */
async function readInParts(volume: string, name: string): Promise<string> {
  const reader = await kept.source.open(volume)
  const path = Buffer.from(`/${name}`)
  const { sizeBytes } = await reader.stat(path)
  const hash = createHash("sha256")
  for (let start = 0; start < sizeBytes; start += 4 << 20) {
    const end = Math.min(sizeBytes, start + (4 << 20))
    for await (const bytes of reader.read(path, { start, end, signal: new AbortController().signal }))
      hash.update(bytes)
  }
  reader.release()
  return hash.digest("hex")
}

describe("through the guest", () => {
  test.each([
    ["encrypted", "luks", /crypt target/],
    ["compressed, of a file system with addresses of its own", "btrfs", /^its file system's extents/],
    ["in the overlay, where a journal was replayed", "journaled", /the guest has written/],
  ])("a file that is %s", async (_, volume, why) => {
    const sha256 = volume === "btrfs" ? await readInParts(volume, "large") : await written("large")
    expect(await read(volume, "large")).toEqual({ sha256, why: expect.stringMatching(why), counts: none })
  })

  test("a small file isn't asked about", async () => {
    expect(await readInParts("ext4", "tiny")).toBe(await written("tiny"))
    expect(await readInParts("ext4", "large")).toBe(await written("large"))
  })
})

test("a file whose inode is in a journal that was replayed, and whose bytes are not", async () => {
  const { sha256, counts } = await read("ordered", "large")
  expect({ sha256, differences: counts.differences }).toEqual({ sha256: await written("large"), differences: 0 })
})

test("a disk that is away is waited for", async () => {
  const { promise: back, resolve } = Promise.withResolvers<void>()
  let away = 0
  const counts = past.counts
  reads = async (read) => {
    if (past.counts.files > counts.files) {
      away++
      await back
    }
    await read()
  }
  const whole = read("xfs", "large")
  await expect.poll(() => away, { timeout: 60_000 }).toBe(4)
  resolve()
  expect((await whole).sha256).toBe(await written("large"))
  reads = faithful
})

test("one that is lost for good breaks the stream", async () => {
  const counts = past.counts
  reads = async (read) => {
    if (past.counts.files > counts.files) throw new RecoveryError("TargetLost", "The target is gone.")
    await read()
  }
  await expect(read("xfs", "large")).rejects.toMatchObject({ code: "TargetLost" })
  reads = faithful
})

test("where both ways give different bytes the volume is read through the guest from then on", async () => {
  reads = async (read, into) => {
    await read()
    into[into.length - 1] = (into.at(-1) ?? 0) ^ 1
  }
  const differing = { ...none, differences: 1 }
  const sha256 = await written("large")
  const why = expect.stringMatching(/different bytes/)
  expect(await read("wide-linear", "large")).toEqual({ sha256, why, counts: differing })
  reads = faithful
  const { files, differences } = past.counts
  expect(await readInParts("wide-linear", "large")).toBe(sha256)
  const reader = await kept.source.open("wide-linear")
  const hash = createHash("sha256")
  const range = { start: 0, end: 24 << 20, signal: new AbortController().signal }
  for await (const bytes of reader.read(Buffer.from("/large"), range)) hash.update(bytes)
  reader.release()
  expect(hash.digest("hex")).toBe(sha256)
  expect(past.counts).toMatchObject({ files, differences })
})
