import * as fc from "fast-check"
import { expect, test } from "vitest"
import { reasonOf } from "../../../src/api/reasons.ts"
import { encodePdu, headerBytes, newHeader } from "../../../src/iscsi/header.ts"
import { PduParser } from "../../../src/iscsi/parser.ts"
import { counterexample } from "../../support/counterexample.ts"

const maxDataBytes = 512

function parse(chunks: Buffer[], place?: (header: Buffer, length: number) => Buffer | undefined) {
  const seen: Array<{ header: Buffer; data: Buffer }> = []
  const parser = new PduParser(
    {
      ...(place ? { place } : {}),
      pdu: (header, data) => seen.push({ header: Buffer.from(header), data: Buffer.from(data) }),
    },
    maxDataBytes,
  )
  for (const chunk of chunks) parser.push(chunk)
  return seen
}

function cut(stream: Buffer, cuts: number[]): Buffer[] {
  const at = [...new Set([0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length])].sort((a, b) => a - b)
  return at.slice(1).map((end, index) => stream.subarray(at[index], end))
}

const anyPdu = fc.record({
  operation: fc.integer({ min: 0, max: 63 }),
  additional: fc.integer({ min: 0, max: 3 }),
  data: fc.uint8Array({ maxLength: maxDataBytes }),
})

function encode(pdu: { operation: number; additional: number; data: Uint8Array }): Buffer {
  const bytes = encodePdu(newHeader(pdu.operation, 0, 7), Buffer.from(pdu.data))
  bytes[4] = pdu.additional
  const segments = Buffer.alloc(pdu.additional * 4, 0xee)
  return Buffer.concat([bytes.subarray(0, headerBytes), segments, bytes.subarray(headerBytes)])
}

test("finds the same PDUs however the stream is cut, into the parser's room or the sink's", () => {
  expect(
    counterexample(
      fc.property(
        fc.array(anyPdu, { maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.boolean(),
        (pdus, cuts, placed) => {
          const chunks = cut(Buffer.concat(pdus.map(encode)), cuts)
          const seen = parse(chunks, placed ? (_, length) => Buffer.alloc(length) : undefined)
          expect(seen.map(({ header, data }) => [header.readUInt8(0), data.toString("hex")])).toEqual(
            pdus.map(({ operation, data }) => [operation, Buffer.from(data).toString("hex")]),
          )
        },
      ),
    ),
  ).toBeUndefined()
})

test("garbage ends in a ProtocolError or in PDUs within the bound, never in anything else", () => {
  expect(
    counterexample(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
        try {
          return parse(chunks.map((chunk) => Buffer.from(chunk))).every(({ data }) => data.length <= maxDataBytes)
        } catch (error) {
          return reasonOf(error) === "ProtocolError"
        }
      }),
    ),
  ).toBeUndefined()
})

test("a data segment one byte too long is refused before any room is made for it", () => {
  const header = newHeader(1, 0, 1)
  header.writeUIntBE(maxDataBytes + 1, 5, 3)
  expect(() => parse([header])).toThrow(/513 bytes/)
})

test("a place of the wrong size is refused", () => {
  const pdu = encodePdu(newHeader(0x25, 0, 1), Buffer.alloc(8))
  expect(() => parse([pdu], () => Buffer.alloc(4))).toThrow(/place/)
})

test("after close nothing is written to the place any more", () => {
  const place = Buffer.alloc(8)
  const parser = new PduParser({ place: () => place, pdu: () => {} }, maxDataBytes)
  const pdu = encodePdu(newHeader(0x25, 0, 1), Buffer.alloc(8, 0xff))
  parser.push(pdu.subarray(0, headerBytes + 4))
  parser.close()
  parser.push(pdu.subarray(headerBytes + 4))
  expect(place.toString("hex")).toBe("ffffffff00000000")
})
