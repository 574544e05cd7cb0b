import * as fc from "fast-check"
import { pack } from "tar-stream"
import { expect, test } from "vitest"
import { RecoveryError } from "../../../../src/api/reasons.ts"
import { readTar } from "../../../../src/files/tar/reader.ts"
import { inChunks, type Member, tarBytes } from "../../../support/tar-bytes.ts"

async function read(bytes: Buffer, chunk?: number) {
  const members: { name: string; type: string; body: string; mtime: number }[] = []
  for await (const { header, body } of readTar(inChunks(bytes, chunk))) {
    const parts: Buffer[] = []
    for await (const part of body) parts.push(Buffer.from(part))
    const { name, type, mtime } = header
    members.push({ name: name.toString("latin1"), type, body: Buffer.concat(parts).toString("latin1"), mtime })
  }
  return members
}

test.each([1, 7, 512, 100_000])("reads members in chunks of %i bytes", async (chunk) => {
  const bytes = tarBytes([{ name: "a/", type: "5" }, { name: "a/b", body: "x".repeat(700) }, { name: "c" }])
  expect(await read(bytes, chunk)).toMatchObject([
    { name: "a/", type: "directory", body: "" },
    { name: "a/b", type: "file", body: "x".repeat(700) },
    { name: "c", type: "file", body: "" },
  ])
})

test("reads what tar-stream writes, long names and large numbers included", async () => {
  const archive = pack()
  const name = `${"d".repeat(120)}/${"f".repeat(120)}`
  archive.entry({ name, mtime: new Date(1_700_000_000_000) }, "content")
  archive.finalize()
  const chunks: Buffer[] = []
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk)
  expect(await read(Buffer.concat(chunks))).toEqual([{ name, type: "file", body: "content", mtime: 1_700_000_000 }])
})

test("names in extended headers stay bytes", async () => {
  const bytes = tarBytes([{ name: "short", pax: { path: Buffer.from([0x61, 0xff, 0x0a]), mtime: "12.5" } }])
  expect(await read(bytes)).toMatchObject([{ name: "a\xff\n", mtime: 12.5 }])
})

test("GNU long names are read", async () => {
  const long = "n".repeat(300)
  const bytes = tarBytes([
    { name: "././@LongLink", type: "L", body: `${long}\0` },
    { name: "cut", body: "x" },
  ])
  expect(await read(bytes)).toMatchObject([{ name: long, body: "x" }])
})

test("a body nobody read is skipped", async () => {
  const names: string[] = []
  const bytes = tarBytes([
    { name: "a", body: "x".repeat(5000) },
    { name: "b", body: "y" },
  ])
  for await (const { header } of readTar(inChunks(bytes))) names.push(header.name.toString())
  expect(names).toEqual(["a", "b"])
})

const broken: [string, Buffer, string][] = [
  ["an archive without its end", tarBytes([{ name: "a", body: "x" }], { end: false }), "ConnectionLost"],
  [
    "an archive cut within a body",
    tarBytes([{ name: "a", body: "x".repeat(900) }]).subarray(0, 1000),
    "ConnectionLost",
  ],
  ["nothing", Buffer.alloc(0), "ConnectionLost"],
  ["text", Buffer.from("<html>".repeat(200)), "ProtocolError"],
  ["an unknown type", tarBytes([{ name: "a", type: "Z" }]), "ProtocolError"],
  ["a sparse member", tarBytes([{ name: "a", pax: { "GNU.sparse.major": "1" } }]), "ProtocolError"],
  ["an extended header of 4 GiB", tarBytes([{ name: "x", type: "x", size: 2 ** 32 }]), "ProtocolError"],
  ["an extended header that is none", tarBytes([{ name: "x", type: "x", body: "99 a=b\n" }]), "ProtocolError"],
  ["a size that is no number", tarBytes([{ name: "a", pax: { size: "-1" } }]), "ProtocolError"],
]
test.each(broken)("refuses %s", async (_, bytes, code) => {
  await expect(read(bytes)).rejects.toMatchObject({ code })
})

test("whatever comes, it ends with members or a RecoveryError", async () => {
  const member: fc.Arbitrary<Member> = fc.record({
    name: fc.string({ maxLength: 90 }),
    type: fc.constantFrom("0", "1", "2", "5", "x", "L", "K", "g", "?"),
    body: fc.string({ maxLength: 600 }),
    size: fc.oneof(fc.nat(3000), fc.maxSafeNat()),
  })
  const ends = async (members: Member[], cut: number) => {
    const bytes = tarBytes(members)
    return read(bytes.subarray(0, bytes.length - Math.min(cut, bytes.length))).then(
      () => true,
      (error: unknown) => error instanceof RecoveryError,
    )
  }
  const property = fc.asyncProperty(fc.array(member, { maxLength: 4 }), fc.nat(3000), ends)
  await expect(fc.assert(property)).resolves.toBeUndefined()
})
