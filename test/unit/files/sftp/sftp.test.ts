import { createHash, generateKeyPairSync } from "node:crypto"
import ssh2 from "ssh2"
import { expect, test } from "vitest"
import { makeIdentities } from "../../../../src/cli/open/identities.ts"
import { attributeFields, longName } from "../../../../src/files/sftp/attributes.ts"
import { OpenDirectory, OpenFile } from "../../../../src/files/sftp/handles.ts"
import { hostKeyFrom } from "../../../../src/files/sftp/host-key.ts"
import { absolute, placeOf } from "../../../../src/files/sftp/place.ts"
import type { VolumeReader } from "../../../../src/files/source.ts"

test.each([
  ["", "/"],
  [".", "/"],
  ["/", "/"],
  ["/data/./a//b/", "/data/a/b"],
  ["data/a", "/data/a"],
  ["/data/a/../b", "/data/b"],
  ["/../../etc", "/etc"],
  ["/data/..", "/"],
])("the path %s is %s", (path, expected) => expect(absolute(Buffer.from(path)).toString()).toBe(expected))

test("the first component names the volume, the rest is bytes", () => {
  expect(placeOf(Buffer.from("/"))).toEqual({})
  expect(placeOf(Buffer.from("/data"))).toEqual({ volume: "data", path: Buffer.from("/") })
  const name = Buffer.from("/data/b\xff\n", "latin1")
  expect(placeOf(name)).toEqual({ volume: "data", path: name.subarray(5) })
})

test.each([
  ["a NUL", Buffer.from("/a\0b")],
  ["too long", Buffer.alloc(4097, 0x61)],
])("a path that is refused: %s", (_, path) => {
  expect(() => placeOf(path)).toThrow(expect.objectContaining({ code: "UnsafePath" }))
})

test("a host key is the same for a session, another for others, and read by SSH", () => {
  const key = (uid: string) => makeIdentities(uid, new Date()).restore.key
  const one = key("5f0c3a52-7d5e-4a5e-9f4e-000000000001")
  const hostKey = hostKeyFrom(one)
  expect(hostKeyFrom(one)).toEqual(hostKey)
  expect(hostKeyFrom(key("5f0c3a52-7d5e-4a5e-9f4e-000000000002")).publicKey).not.toBe(hostKey.publicKey)
  const parsed = ssh2.utils.parseKey(hostKey.privateKey)
  if (parsed instanceof Error) throw parsed
  expect(`${parsed.type} ${parsed.getPublicSSH().toString("base64")}`).toBe(hostKey.publicKey)
  const signature = parsed.sign("hello")
  expect(parsed.verify("hello", signature)).toBe(true)
  expect(hostKey.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/)
})

test("a host key may begin with any byte", () => {
  for (let index = 0; index < 150; index++) {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
    const hostKey = hostKeyFrom(privateKey.export({ type: "pkcs8", format: "pem" }).toString())
    expect(ssh2.utils.parseKey(hostKey.privateKey)).not.toBeInstanceOf(Error)
    expect(ssh2.utils.parseKey(hostKey.publicKey)).not.toBeInstanceOf(Error)
  }
})

test("a line of a listing deceives nobody", () => {
  const entry = { mode: 0o104755, sizeBytes: 5, uid: 1000, gid: 100, mtimeNs: 1_700_000_000_999_999_999n }
  expect(longName({ ...entry, name: Buffer.from("a\x1b[31m\n") })).toBe(
    "-rwsr-xr-x    1 1000     100             5 2023-11-14 22:13 a\\x1b[31m\\x0a",
  )
  expect(longName({ ...entry, mode: 0o041666, mtimeNs: -1n, name: Buffer.from("d") })).toMatch(
    /^drw-rw-rwT.*1970-01-01/,
  )
})

const second = 1_000_000_000n

test.each([
  ["1960", -315_619_200n * second, 0, "1970-01-01 00:00"],
  ["half a second before 1970", -500_000_000n, 0, "1970-01-01 00:00"],
  ["nanoseconds", 1_700_000_000_999_999_999n, 1_700_000_000, "2023-11-14 22:13"],
  ["the last second of 32 bits", 2n ** 32n * second - 1n, 0xffffffff, "2106-02-07 06:28"],
  ["2446", (2n ** 34n - 2n ** 31n - 1n) * second, 0xffffffff, "2106-02-07 06:28"],
  ["more than any date", 2n ** 63n * second, 0xffffffff, "2106-02-07 06:28"],
])("of %s version 3 has the nearest second of 32 bits", (_, mtimeNs, seconds, shown) => {
  const entry = { mode: 0o100644, sizeBytes: 0, uid: 0, gid: 0, mtimeNs, name: Buffer.from("a") }
  expect(attributeFields(entry).slice(-2)).toEqual([seconds, seconds])
  expect(longName(entry)).toContain(` ${shown} a`)
})

const content = Buffer.from(Array.from({ length: 1000 }, (_, index) => index % 251))

/** A file in pieces of 100 bytes that says from where to where it was read. */
function file(size = content.length) {
  const ranges: [number, number][] = []
  const held = { count: 0 }
  const reader = {
    async *read(_: Buffer, { start, end, signal }: { start: number; end: number; signal: AbortSignal }) {
      ranges.push([start, end])
      for (let at = start; at < Math.min(end, content.length); at += 100) {
        signal.throwIfAborted()
        yield content.subarray(at, Math.min(at + 100, end))
      }
    },
    release: () => void held.count--,
  } as unknown as VolumeReader
  const open = () => {
    held.count++
    return Promise.resolve(reader)
  }
  const attributes = { mode: 0o100644, sizeBytes: size, uid: 0, gid: 0, mtimeNs: 0n }
  return { open: new OpenFile(open, Buffer.from("/f"), attributes), ranges, held }
}

test("pieces one after the other are one read", async () => {
  const { open, ranges } = file()
  const parts: Buffer[] = []
  for (let at = 0; ; at += 64) {
    const part = await open.read(at, 64)
    if (part === undefined) break
    parts.push(part)
  }
  expect(createHash("sha256").update(Buffer.concat(parts)).digest()).toEqual(
    createHash("sha256").update(content).digest(),
  )
  expect(ranges).toEqual([[0, 1000]])
  expect(open.bytes).toBe(1000)
})

test("pieces from anywhere are read by themselves", async () => {
  const { open, ranges } = file()
  expect(await open.read(500, 10)).toEqual(content.subarray(500, 510))
  expect(await open.read(100, 250)).toEqual(content.subarray(100, 350))
  expect(await open.read(990, 64)).toEqual(content.subarray(990))
  expect(await open.read(1000, 64)).toBeUndefined()
  expect(await open.read(350, 10)).toEqual(content.subarray(350, 360))
  expect(ranges).toEqual([
    [500, 510],
    [100, 350],
    [990, 1000],
    [350, 360],
  ])
})

test("a file that is paused goes on where it was", async () => {
  const { open, ranges } = file()
  await open.read(0, 150)
  open.pause()
  expect(await open.read(150, 150)).toEqual(content.subarray(150, 300))
  expect(ranges).toEqual([
    [0, 1000],
    [150, 1000],
  ])
})

test("a file holds its volume only while it is read", async () => {
  const { open, held } = file()
  expect(held.count).toBe(0)
  await open.read(0, 10)
  expect(held.count).toBe(1)
  open.pause()
  await expect.poll(() => held.count).toBe(0)
  const read = open.read(10, 10)
  open.close()
  await read.catch(() => undefined)
  await expect.poll(() => held.count).toBe(0)
})

test("a directory that was closed, or left, gives nothing more", async () => {
  let released = 0
  async function* batches() {
    yield [{ name: Buffer.from("a"), mode: 0o100644, sizeBytes: 0, uid: 0, gid: 0, mtimeNs: 0n }]
  }
  const directory = new OpenDirectory(batches(), { release: () => void released++ })
  expect(await directory.next()).toHaveLength(1)
  directory.close()
  directory.close()
  await expect(directory.next()).rejects.toMatchObject({ code: "Busy" })
  await expect.poll(() => released).toBe(1)
})

test("a file that is shorter than it says is an error", async () => {
  const { open } = file(2000)
  await expect(open.read(990, 64)).rejects.toMatchObject({ code: "VolumeCorrupt" })
})
