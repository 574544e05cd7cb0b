import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { reasonOf } from "../../../src/api/reasons.ts"
import type { BlockDevice } from "../../../src/block/device.ts"
import { ByteReader } from "../../../src/nbd/byte-reader.ts"
import { Handshake, hello, type HandshakeStep } from "../../../src/nbd/handshake.ts"
import { magic, option, reply } from "../../../src/nbd/protocol.ts"
import { counterexample } from "../../support/counterexample.ts"

const disk: BlockDevice = {
  sizeBytes: 1 << 20,
  blockSize: 512,
  read: () => Promise.resolve(),
  close: () => Promise.resolve(),
}
const exports = new Map([
  ["disk-1", disk],
  ["größer", disk],
])

function optionOf(code: number, data: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(16)
  header.writeBigUInt64BE(magic.option, 0)
  header.writeUInt32BE(code, 8)
  header.writeUInt32BE(data.length, 12)
  return Buffer.concat([header, data])
}

function goData(name: string, requests: number[] = []): Buffer {
  const bytes = Buffer.from(name)
  const data = Buffer.alloc(6 + bytes.length + 2 * requests.length)
  data.writeUInt32BE(bytes.length, 0)
  bytes.copy(data, 4)
  data.writeUInt16BE(requests.length, 4 + bytes.length)
  requests.forEach((request, index) => data.writeUInt16BE(request, 6 + bytes.length + 2 * index))
  return data
}

/** Feeds these bytes after the flags; returns the last step that isn't "more". */
function haggle(bytes: Buffer, flags = 3): HandshakeStep {
  const handshake = new Handshake(exports)
  const input = new ByteReader()
  const prefix = Buffer.alloc(4)
  prefix.writeUInt32BE(flags)
  input.push(Buffer.concat([prefix, bytes]))
  let last = handshake.step(input)
  for (let next = handshake.step(input); next.kind !== "more"; next = handshake.step(input)) {
    last = next
    if (next.kind !== "send") break
  }
  return last
}

/** The types of the option replies in a step. */
function replies(step: HandshakeStep): number[] {
  const types: number[] = []
  const bytes = step.kind === "more" ? Buffer.alloc(0) : step.bytes
  for (let at = 0; at < bytes.length; at += 20 + bytes.readUInt32BE(at + 16)) types.push(bytes.readUInt32BE(at + 12))
  return types
}

test("the hello is that of a fixed newstyle server", () => {
  expect(hello().toString("latin1", 0, 16)).toBe("NBDMAGICIHAVEOPT")
  expect(hello().readUInt16BE(16)).toBe(3)
})

describe("options", () => {
  test.each<[string, Buffer, string, number[]]>([
    ["GO to an export", optionOf(option.go, goData("disk-1", [3])), "serve", [reply.info, reply.info, reply.ack]],
    ["GO to a name in UTF-8", optionOf(option.go, goData("größer")), "serve", [reply.info, reply.info, reply.ack]],
    ["INFO", optionOf(option.info, goData("disk-1")), "send", [reply.info, reply.info, reply.ack]],
    ["GO to nowhere", optionOf(option.go, goData("disk-2")), "send", [reply.unknownExport]],
    ["GO of wrong lengths", optionOf(option.go, goData("disk-1").subarray(0, 9)), "send", [reply.invalid]],
    ["GO of a huge name", optionOf(option.go, Buffer.alloc(6, 0xff)), "send", [reply.invalid]],
    ["GO of nothing", optionOf(option.go), "send", [reply.invalid]],
    ["LIST", optionOf(option.list), "send", [reply.server, reply.server, reply.ack]],
    ["LIST with data", optionOf(option.list, Buffer.alloc(1)), "send", [reply.invalid]],
    ["ABORT", optionOf(option.abort), "end", [reply.ack]],
    ["structured replies", optionOf(8), "send", [reply.unsupported]],
    ["STARTTLS", optionOf(5), "send", [reply.unsupported]],
    ["EXPORT_NAME to nowhere", optionOf(option.exportName, Buffer.from("nothing")), "end", []],
  ])("%s", (_, bytes, kind, types) => {
    const step = haggle(bytes)
    expect([step.kind, replies(step)]).toEqual([kind, types])
  })

  test.each([
    ["with zeroes", 1, 134],
    ["without zeroes", 3, 10],
  ])("EXPORT_NAME %s", (_, flags, length) => {
    const step = haggle(optionOf(option.exportName, Buffer.from("disk-1")), flags)
    const bytes = step.kind === "serve" ? step.bytes : Buffer.alloc(10)
    expect([step.kind, bytes.length, bytes.readBigUInt64BE(0), bytes.readUInt16BE(8)]).toEqual([
      "serve",
      length,
      1048576n,
      0x103,
    ])
  })
})

describe("a client that breaks the protocol", () => {
  test.each<[string, () => unknown]>([
    ["unknown flags", () => haggle(Buffer.alloc(0), 7)],
    ["oldstyle flags", () => haggle(Buffer.alloc(0), 0)],
    ["wrong magic", () => haggle(Buffer.alloc(16, 1))],
    ["a huge option", () => haggle(Buffer.concat([optionOf(option.list).subarray(0, 12), Buffer.from([0, 1, 0, 0])]))],
    ["options without end", () => haggle(Buffer.concat(Array.from({ length: 65 }, () => optionOf(99))))],
  ])("%s", (_, work) => expect(work).toThrow(/breaks the protocol/))

  test("any bytes lead to an answer or a ProtocolError", () => {
    const property = fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.boolean(), (chunks, proper) => {
      try {
        const bytes = chunks.map((chunk) => (proper ? optionOf(chunk[0] ?? 0, Buffer.from(chunk)) : Buffer.from(chunk)))
        return haggle(Buffer.concat(bytes)).kind !== "more"
      } catch (error) {
        return reasonOf(error) === "ProtocolError"
      }
    })
    expect(counterexample(property)).toBeUndefined()
  })
})

test("a byte reader gives what was pushed, in any pieces", () => {
  const property = fc.property(fc.array(fc.uint8Array({ maxLength: 20 })), fc.array(fc.nat(30)), (chunks, counts) => {
    const input = new ByteReader()
    for (const chunk of chunks) if (chunk.length > 0) input.push(Buffer.from(chunk))
    const taken = counts.flatMap((count) => [...(input.take(count) ?? [])])
    return Buffer.from(taken).equals(Buffer.concat(chunks).subarray(0, taken.length))
  })
  expect(counterexample(property)).toBeUndefined()
})
