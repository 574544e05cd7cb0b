import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { attempt, codeOf } from "../../support/guest/attempt.ts"
import { encodePacket, PacketAssembler, PacketReader } from "../../../src/guest/sftp-wire.ts"

const protocolError: unknown = expect.objectContaining({ code: "ProtocolError" })
const second = 1_000_000_000n
const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
const string = (text: string) => Buffer.concat([uint32(text.length), Buffer.from(text, "latin1")])

describe("packets", () => {
  test("are put together however the bytes arrive, and stay what they are when the memory of those is used again", () => {
    const packets = fc.array(fc.uint8Array({ minLength: 1, maxLength: 50 }), { maxLength: 10 })
    fc.assert(
      fc.property(packets, fc.integer({ min: 1, max: 70 }), (packets, size) => {
        const bytes = Buffer.concat(packets.flatMap((packet) => [uint32(packet.length), Buffer.from(packet)]))
        const assembler = new PacketAssembler()
        const found: Buffer[] = []
        for (let at = 0; at < bytes.length; at += size) {
          const chunk = bytes.subarray(at, at + size)
          found.push(...assembler.feed(chunk))
          chunk.fill(0)
        }
        expect(found.map((packet) => [...packet])).toEqual(packets.map((packet) => [...packet]))
      }),
    )
  })

  test.each([
    ["empty", 0],
    ["bigger than any server sends", (256 << 10) + 1],
  ])("one that is %s is refused at its first bytes", (_, length) => {
    expect(() => new PacketAssembler().feed(uint32(length))).toThrow(protocolError)
  })

  test("a request has length, type, id and its fields", () => {
    const request = encodePacket(5, 7, [Buffer.from("h"), 9n, 255])
    expect(request.toString("hex")).toBe(
      ["00000016", "05", "00000007", "0000000168", "0000000000000009", "000000ff"].join(""),
    )
  })
})

describe("fields", () => {
  test("attributes that a server leaves out are zero, extended ones are passed over", () => {
    const extended = Buffer.concat([uint32(0x80000004), uint32(0o100644), uint32(1), string("name"), string("value")])
    expect(new PacketReader(extended).attributes()).toEqual({
      mode: 0o100644,
      sizeBytes: 0,
      uid: 0,
      gid: 0,
      mtimeNs: 0n,
    })
  })

  test.each([
    ["before 1970", 0o100644, 500_000_000, 0xffffffff, -1n, -500_000_000n],
    ["of 1960", 0o040755, 0, 2 ** 32 - 315_619_200, -1n, -315_619_200n * second],
    ["the last of 32 bits", 0o100644, 999_999_999, 0xffffffff, 0n, 2n ** 32n * second - 1n],
    ["beyond 32 bits", 0o120777, 1, 0, 1n, 2n ** 32n * second + 1n],
    ["the last of 48 bits", 0o100644, 0, 0xffffffff, 0x7fffn, (2n ** 47n - 1n) * second],
    ["the first of 48 bits", 0o100644, 0, 0, -0x8000n, -(2n ** 47n) * second],
    ["with nanoseconds that are none", 0o100644, 1e9, 7, 0n, 7n * second],
  ])("a time %s is in the fields where the jail puts it", (_, mode, nanoseconds, low, high, mtimeNs) => {
    const modeAndTime = Number(BigInt.asUintN(32, BigInt(mode) | (high << 16n)))
    const packet = Buffer.concat([0x0c, modeAndTime, nanoseconds, low].map(uint32))
    expect(new PacketReader(packet).attributes()).toMatchObject({ mode, mtimeNs })
  })

  test("names are bytes", () => {
    const packet = Buffer.concat([uint32(1), string("a\xff\n"), string("long form"), uint32(0)])
    expect(new PacketReader(packet).names()[0]?.name).toEqual(Buffer.from("a\xff\n", "latin1"))
  })

  test.each([
    ["a string longer than its packet", (reader: PacketReader) => reader.string(), Buffer.from("00000010aa", "hex")],
    [
      "a name longer than any file system's",
      (reader: PacketReader) => reader.names(),
      Buffer.concat([uint32(1), string("n".repeat(1025)), string("long form"), uint32(0)]),
    ],
    ["a link target longer than Linux has", (reader: PacketReader) => reader.string(4096), string("t".repeat(4097))],
    ["more names than bytes", (reader: PacketReader) => reader.names(), Buffer.from("ffffffff", "hex")],
    ["a size no number holds", (reader: PacketReader) => reader.uint64(), Buffer.alloc(8, 0xff)],
    [
      "extended attributes without end",
      (reader: PacketReader) => reader.attributes(),
      Buffer.from("80000000ffffffff", "hex"),
    ],
  ])("%s is a breach", (_, read, packet) => expect(() => read(new PacketReader(packet))).toThrow(protocolError))

  test("garbage is never more than an error", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const outcome = attempt(() => new PacketReader(Buffer.from(bytes)).names().length)
        expect(outcome).toSatisfy((outcome) => typeof outcome === "number" || codeOf(outcome) === "ProtocolError")
      }),
    )
  })
})
