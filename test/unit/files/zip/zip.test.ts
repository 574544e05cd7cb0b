import { execFileSync } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as fc from "fast-check"
import { afterAll, beforeAll, expect, test } from "vitest"
import type { TarHeader } from "../../../../src/files/tar/header.ts"
import type { TarMember } from "../../../../src/files/tar/reader.ts"
import { zipName } from "../../../../src/files/zip/names.ts"
import { directoryRecord, endOfDirectory, type ZipEntry } from "../../../../src/files/zip/records.ts"
import { zipOf } from "../../../../src/files/zip/zip.ts"

let dir: string
beforeAll(() => (dir = mkdtempSync(join(tmpdir(), "zip-"))))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const header = (name: string | Buffer, more: Partial<TarHeader> = {}): TarHeader => ({
  type: "file",
  name: Buffer.from(name as string),
  linkName: Buffer.alloc(0),
  sizeBytes: 0,
  mode: 0o640,
  uid: 1000,
  gid: 100,
  mtime: 1_700_000_001,
  deviceMajor: 0,
  deviceMinor: 0,
  ...more,
})

const file = (name: string | Buffer, body: Buffer, more: Partial<TarHeader> = {}): TarMember => ({
  header: header(name, { sizeBytes: body.length, ...more }),
  body: chunks(body),
})
const other = (name: string, more: Partial<TarHeader>): TarMember => ({ header: header(name, more), body: chunks() })

async function* chunks(body: Buffer = Buffer.alloc(0)): AsyncGenerator<Buffer> {
  for (let at = 0; at < body.length; at += 65_536) yield body.subarray(at, at + 65_536)
}

async function zipped(members: Iterable<TarMember>, options = {}): Promise<string> {
  async function* all() {
    yield* members
  }
  const parts: Buffer[] = []
  for await (const part of zipOf(all(), options)) parts.push(part)
  const path = join(dir, "archive.zip")
  writeFileSync(path, Buffer.concat(parts))
  return path
}

const unzip = (...words: string[]) =>
  execFileSync("unzip", words, { cwd: dir, encoding: "utf8", env: { ...process.env, LC_ALL: "C.UTF-8", TZ: "UTC" } })

test("unzip takes out what was put in", async () => {
  const noise = randomBytes(3_000_000)
  const text = Buffer.from("the same line\n".repeat(50_000))
  const archive = await zipped([
    other("./", { type: "directory" }),
    other("./dir/", { type: "directory", mode: 0o750 }),
    file("./dir/noise", noise),
    file("./dir/text", text),
    file("./dir/small", Buffer.from("aaaaaaaaaaaaaaaa"), { mode: 0o600 }),
    file("./dir/empty", Buffer.alloc(0)),
    file("./Ünïcödé 文件", Buffer.from("x")),
    other("./link", { type: "symlink", linkName: Buffer.from("dir/small") }),
    other("./pipe", { type: "fifo" }),
  ])
  expect(unzip("-tq", archive)).toContain("No errors")
  const into = mkdtempSync(join(dir, "out-"))
  unzip("-q", archive, "-d", into)
  expect(readdirSync(into).sort()).toEqual(["dir", "link", "Ünïcödé 文件"])
  expect(readFileSync(join(into, "dir/noise"))).toSatisfy((bytes: Buffer) => bytes.equals(noise))
  expect(readFileSync(join(into, "dir/text"))).toSatisfy((bytes: Buffer) => bytes.equals(text))
  expect(readFileSync(join(into, "dir/empty"))).toHaveLength(0)
  expect(readlinkSync(join(into, "link"))).toBe("dir/small")
  const { mode, mtimeMs } = lstatSync(join(into, "dir/small"))
  expect([mode & 0o7777, mtimeMs]).toEqual([0o600, 1_700_000_001_000])
  expect(lstatSync(join(into, "dir")).mode & 0o7777).toBe(0o750)
})

test("unzip takes sizes of 64 bits", async () => {
  const archive = await zipped([file("big", Buffer.from("not that big"), { sizeBytes: 0xf000_0000 })])
  expect(unzip("-tq", archive)).toContain("No errors")
  expect(unzip("-p", archive, "big")).toBe("not that big")
})

test("an entry beyond 4 GiB is found by its 64 bits", () => {
  const entry: ZipEntry = {
    name: Buffer.from("far"),
    header: header("far"),
    mode: 0o100644,
    deflated: true,
    streamed: true,
    large: true,
    offset: 0x1_2345_6789,
    crc: 1,
    compressed: 0x1_0000_0001,
    size: 0x2_0000_0002,
  }
  const record = directoryRecord(entry)
  const extra = record.subarray(46 + 3)
  expect([record.readUInt32LE(20), record.readUInt32LE(24), record.readUInt32LE(42)]).toEqual(Array(3).fill(0xffffffff))
  expect([extra.readUInt16LE(0), extra.readUInt16LE(2)]).toEqual([1, 24])
  const numbers = [4, 12, 20].map((at) => Number(extra.readBigUInt64LE(at)))
  expect(numbers).toEqual([entry.size, entry.compressed, entry.offset])
  const end = endOfDirectory(1, record.length, 0x3_0000_0000)
  expect(Number(end.readBigUInt64LE(48))).toBe(0x3_0000_0000)
  expect(Number(end.readBigUInt64LE(56 + 8))).toBe(0x3_0000_0000 + record.length)
  expect(Number(endOfDirectory(65_535, 1, 1).readBigUInt64LE(32))).toBe(65_535)
})

/** So many files as a shop may have them: long paths, contents and times that are all different. */
function* many(
  count: number,
  nameOf = (index: number) => Buffer.from(`./var/lib/orders/2026/${index % 12}/${index}.json`),
) {
  for (let index = 0; index < count; index++) {
    const body = createHash("sha256").update(`${index}`).digest()
    yield file(nameOf(index), body.subarray(0, 4 + ((body[0] ?? 0) % 28)), {
      mtime: 1_700_000_000 + body.readUInt16LE(1) * 100,
    })
  }
}

test("a directory takes less memory than it is long, and is read by unzip", async () => {
  const archive = await zipped(many(6000), { maxDirectoryBytes: 450_000 })
  expect(statSync(archive).size).toBeGreaterThan(1_200_000)
  expect(unzip("-tq", archive)).toContain("No errors")
  expect(unzip("-Z", "-t", archive)).toMatch(/^6000 files/)
})

test("a directory that grows too large ends the archive, and it is told what to take", async () => {
  const names = () => randomBytes(100)
  await expect(zipped(many(6000, names), { maxDirectoryBytes: 400_000 })).rejects.toMatchObject({
    code: "UsageError",
    message: expect.stringMatching(/^More than \d+ files are too many for one zip; take a tar\.$/),
  })
})

test("a member that fails fails the archive", async () => {
  async function* broken() {
    yield randomBytes(300_000)
    throw new Error("the disk is gone")
  }
  const member = { header: header("x", { sizeBytes: 600_000 }), body: broken() }
  await expect(zipped([member])).rejects.toThrow("the disk is gone")
})

test.each<[string, string | Buffer, string]>([
  ["plain", "dir/ü.txt", "dir/ü.txt"],
  ["no UTF-8", Buffer.from([0x61, 0xff, 0x2f, 0x62]), "a%FF/b"],
  ["a backslash", "a\\b", "a%5Cb"],
  ["a backslash that looks like an escape", "a\\x41", "a%5Cx41"],
  ["a newline", "a\nb", "a%0Ab"],
  ["a percent sign", "100% 4%f", "100% 4%f"],
  ["what looks encoded", "a%41", "a%2541"],
  ["255 bytes that are no UTF-8", Buffer.alloc(255, 0xff), `${"%FF".repeat(79)}~299e8a432bfff7d4`],
  [
    "too long by some escapes",
    `${"x".repeat(200)}${"\n".repeat(40)}`,
    `${"x".repeat(200)}${"%0A".repeat(12)}~43b3d9d7bf2f1421`,
  ],
  ["a long path of short names", "dir/".repeat(200), "dir/".repeat(200)],
])("names: %s", (_, name, expected) => expect(zipName(Buffer.from(name as string)).toString()).toBe(expected))

test("no two names become one", () => {
  const decoded = (name: Buffer) =>
    Buffer.from(
      name
        .toString("latin1")
        .replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
      "latin1",
    )
  const byte = fc.oneof(fc.constantFrom(...Buffer.from("%\\x4fF\n\xff")), fc.integer({ min: 1, max: 255 }))
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 80 }), (bytes) => {
      expect(decoded(zipName(Buffer.from(bytes)))).toEqual(Buffer.from(bytes))
    }),
  )
})
