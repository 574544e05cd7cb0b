import * as fc from "fast-check"
import { expect, test } from "vitest"
import { endOfArchive, padding } from "../../../../src/files/tar/block.ts"
import type { TarHeader } from "../../../../src/files/tar/header.ts"
import { readTar } from "../../../../src/files/tar/reader.ts"
import { paxHeader } from "../../../../src/files/tar/writer.ts"
import { inChunks } from "../../../support/tar-bytes.ts"

const plain: TarHeader = {
  type: "file",
  name: Buffer.from("a"),
  linkName: Buffer.alloc(0),
  sizeBytes: 0,
  mode: 0o644,
  uid: 0,
  gid: 0,
  mtime: 0,
  deviceMajor: 0,
  deviceMinor: 0,
}

async function readBack(header: TarHeader): Promise<TarHeader | undefined> {
  const body = Buffer.alloc(header.sizeBytes)
  const bytes = Buffer.concat([paxHeader(header), body, padding(header.sizeBytes), endOfArchive])
  for await (const member of readTar(inChunks(bytes, 1000))) return member.header
  return undefined
}

test("what fits has one block, as in every POSIX archive", () => {
  expect(paxHeader(plain)).toHaveLength(512)
  expect(paxHeader(plain).toString("latin1", 257, 265)).toBe("ustar\x0000")
})

test("whatever a header says is read back", () =>
  fc.assert(
    fc.asyncProperty(name(), name(), fc.record(numbers), attributes(), async (name, linkName, given, attributes) => {
      const header = { ...plain, ...given, name, linkName, ...(attributes.size > 0 && { attributes }) }
      expect(await readBack(header)).toEqual(header)
    }),
    { numRuns: 200 },
  ))

test.each<[string, Partial<TarHeader>, Partial<TarHeader>]>([
  ["a negative owner, which none can be", { uid: -1 }, { uid: 0 }],
  ["less than a microsecond", { mtime: 1.000000001 }, { mtime: 1 }],
])("%s", async (_, given, read) => expect(await readBack({ ...plain, ...given })).toMatchObject(read))

test("a file that is larger than eleven octal digits can say", () => {
  expect(paxHeader({ ...plain, sizeBytes: 2 ** 40 }).toString("latin1", 512)).toMatch(/^22 size=1099511627776\n/)
})

function name() {
  // no NUL; a slash at its end would make a directory of a file
  return fc.uint8Array({ min: 1, max: 255, minLength: 1, maxLength: 300 }).map((bytes) => Buffer.from([...bytes, 0x78]))
}

const numbers = {
  sizeBytes: fc.nat(2000),
  mode: fc.nat(0o7777),
  uid: fc.nat(2 ** 32 - 1),
  gid: fc.nat(2 ** 32 - 1),
  mtime: fc.oneof(
    fc.integer({ min: -(2 ** 33), max: 2 ** 34 }),
    fc.integer({ max: 2 ** 32 }).map((s) => s + 0.25),
  ),
}

function attributes() {
  const value = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
  return fc
    .dictionary(fc.constantFrom("SCHILY.xattr.user.a", "SCHILY.acl.access", "SCHILY.xattr.security.capability"), value)
    .map((records) => new Map(Object.entries(records)))
}
