import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { parseCapacity16 } from "../../../src/iscsi/scsi/capacity.ts"
import { execute } from "../../../src/iscsi/scsi/commands.ts"
import { encodeLunList, parseLunList } from "../../../src/iscsi/scsi/lun.ts"
import { request } from "../../../src/iscsi/scsi/requests.ts"
import { descriptorSense, fixedSense, parseSense, sense } from "../../../src/iscsi/scsi/sense.ts"
import type { LogicalUnit, Outcome } from "../../../src/iscsi/scsi/unit.ts"
import { vitalPage, vitalProductBody } from "../../../src/iscsi/scsi/vital-product-data.ts"
import { counterexample } from "../../support/counterexample.ts"

const unit: LogicalUnit = { lun: 0, serial: "disk-1", name: "data-orders-0 ü", blockSize: 512, blocks: 2048 }
const huge: LogicalUnit = { ...unit, blocks: 2 ** 40 }

function cdb(hex: string): Buffer {
  const bytes = Buffer.alloc(16)
  Buffer.from(hex.replaceAll(" ", ""), "hex").copy(bytes)
  return bytes
}

function run(hex: string, on: LogicalUnit | undefined = unit): Outcome {
  return execute(cdb(hex), { unit: on, luns: [0, 1], takeAttention: () => undefined })
}

/** "06/29/00" for a check, hex for data, "first+count" for a read. */
function tell(outcome: Outcome): string {
  if (outcome.kind === "check") {
    const { key, code, qualifier } = outcome.sense
    return [key, code, qualifier].map((part) => part.toString(16).padStart(2, "0")).join("/")
  }
  if (outcome.kind === "data") return outcome.data.toString("hex")
  return outcome.kind === "read" ? `${outcome.block}+${outcome.blocks}` : "good"
}

describe("reads", () => {
  test.each([
    ["READ(6)", "08 000010 08 00", "16+8"],
    ["READ(6) of 0 blocks means 256", "08 000000 00 00", "0+256"],
    ["READ(10)", "28 00 00000010 00 0008 00", "16+8"],
    ["READ(10) with FUA", "28 08 00000010 00 0008 00", "16+8"],
    ["READ(12)", "a8 00 00000010 00000008 00 00", "16+8"],
    ["READ(16)", "88 00 0000000000000010 00000008 00 00", "16+8"],
    ["the last block", "28 00 000007ff 00 0001 00", "2047+1"],
    ["no block", "28 00 00000010 00 0000 00", "16+0"],
    ["one block too many", "28 00 000007ff 00 0002 00", "05/21/00"],
    ["the block behind the end", "28 00 00000800 00 0000 00", "05/21/00"],
    ["a block far out", "88 00 ffffffffffffffff 00000001 00 00", "05/21/00"],
    ["protection information", "28 20 00000010 00 0008 00", "05/24/00"],
  ])("%s", (_, hex, expected) => expect(tell(run(hex))).toBe(expected))

  test("a block number of more than 32 bits is read whole", () => {
    expect(tell(run(request.read16(2 ** 33 + 5, 7).toString("hex"), huge))).toBe(`${2 ** 33 + 5}+7`)
  })
  test("more than 16 MiB at once is refused", () => {
    expect(tell(run(request.read16(0, 32_768).toString("hex"), huge))).toBe("0+32768")
    expect(tell(run(request.read16(0, 32_769).toString("hex"), huge))).toBe("05/24/00")
  })
})

describe("what would change the disk is write protected", () => {
  const writes = "04 07 0a 2a aa 8a 2e ae 8e 3b 3f 41 93 42 48 51 53 5f 83 89 8b 9c 9f11".split(" ")
  test.each(writes)("%s", (hex) => expect(tell(run(hex))).toBe("07/27/00"))
})

describe("other commands", () => {
  test.each([
    ["TEST UNIT READY", "00", "good"],
    ["START STOP UNIT", "1b 00 00 00 01", "good"],
    ["START STOP UNIT that ejects", "1b 00 00 00 02", "05/24/00"],
    ["SYNCHRONIZE CACHE(10)", "35", "good"],
    ["SYNCHRONIZE CACHE(16) past the end", "91 00 0000000000000800 00000001", "05/21/00"],
    ["READ CAPACITY(10)", "25", "000007ff00000200"],
    ["READ CAPACITY(16) cut to 12 bytes", "9e 10 0000000000000000 0000000c", "00000000000007ff00000200"],
    ["a service action nobody has", "9e 11", "05/24/00"],
    ["an opcode nobody has", "c7", "05/20/00"],
    ["REPORT LUNS", "a0 00 00 000000 00000100", "000000100000000000000000000000000001000000000000"],
    ["REPORT LUNS with little room", "a0 00 00 000000 0000000f", "05/24/00"],
    ["REPORT LUNS of well-known units", "a0 00 01 000000 00000100", "0000000000000000"],
    ["REQUEST SENSE", "03 00 00 00 12", fixedSense(sense.none).toString("hex")],
    ["REQUEST SENSE in descriptor format", "03 01 00 00 12", descriptorSense(sense.none).toString("hex")],
    ["INQUIRY of an unknown page", "12 01 77 0100", "05/24/00"],
    ["INQUIRY of a page without EVPD", "12 00 80 0100", "05/24/00"],
    ["INQUIRY of the serial number", "12 01 80 0100", "00800006" + Buffer.from("disk-1").toString("hex")],
    ["INQUIRY of the pages", "12 01 00 0100", "00000007008083b0b1b2c0"],
    ["MODE SENSE(6) without descriptor", "1a 08 08 00 ff", `170090000812${"00".repeat(18)}`],
    ["MODE SENSE(10) of changeable values", "5a 08 4a 00 000000 00ff", `00120090000000000a0a${"00".repeat(10)}`],
    ["MODE SENSE(6) with descriptor, cut", "1a 00 3f 00 0c", "2b0090080000080000000200"],
    ["MODE SENSE of saved values", "1a 08 c8 00 ff", "05/39/00"],
    ["MODE SENSE of an unknown page", "1a 08 01 00 ff", "05/24/00"],
    ["REPORT SUPPORTED OPCODES for READ(16)", "a3 0c 01 88 0000 00000100", "000300108818ffffffffffffffffffffffff0007"],
    ["REPORT SUPPORTED OPCODES for WRITE(10)", "a3 0c 01 2a 0000 00000100", "00010000"],
    ["REPORT SUPPORTED OPCODES for 9E/10", "a3 0c 02 9e 0010 00000004", "00030010"],
    ["REPORT SUPPORTED OPCODES without the action", "a3 0c 01 9e 0000 00000100", "05/24/00"],
  ])("%s", (_, hex, expected) => expect(tell(run(hex))).toBe(expected))
})

describe("an absent logical unit", () => {
  test.each([
    ["TEST UNIT READY", "00", /^05\/25\/00$/],
    ["READ(10)", "28", /^05\/25\/00$/],
    ["WRITE(10)", "2a", /^05\/25\/00$/],
    ["INQUIRY", "12 00 00 0024", /^7f/],
    ["REQUEST SENSE", "03 00 00 00 12", /^700005/],
    ["REPORT LUNS", "a0 00 00 000000 00000100", /^00000010/],
  ])("%s", (_, hex, expected) =>
    expect(tell(execute(cdb(hex), { unit: undefined, luns: [0, 1], takeAttention: () => undefined }))).toMatch(
      expected,
    ),
  )
})

test("a unit attention is told once, and not by INQUIRY or REPORT LUNS", () => {
  const waiting = [sense.powerOn]
  const at = { unit, luns: [0], takeAttention: () => waiting.pop() }
  expect(tell(execute(cdb("12 00 00 0004"), at))).toBe("00000612")
  expect(execute(cdb("a0 00 00 000000 00000100"), at).kind).toBe("data")
  expect(tell(execute(cdb("00"), at))).toBe("06/29/00")
  expect(tell(execute(cdb("00"), at))).toBe("good")
})

test("any 16 bytes have an outcome, and a read stays on the disk", () => {
  expect(
    counterexample(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.boolean(), (bytes, exists) => {
        const outcome = execute(Buffer.from(bytes), {
          unit: exists ? unit : undefined,
          luns: [0],
          takeAttention: () => undefined,
        })
        return outcome.kind !== "read" || outcome.block + outcome.blocks <= unit.blocks
      }),
      2000,
    ),
  ).toBeUndefined()
})

describe("what the initiator reads back", () => {
  const data = (bytes: Buffer, on = unit) => {
    const outcome = run(bytes.toString("hex"), on)
    return outcome.kind === "data" ? outcome.data : Buffer.alloc(0)
  }
  test("the name page carries the name", () => {
    const page = data(request.vitalProductPage(vitalPage.name, 4096))
    expect(vitalProductBody(vitalPage.name, page)?.toString()).toBe(unit.name)
  })
  test("capacity", () =>
    expect(parseCapacity16(data(request.readCapacity16(), huge))).toEqual({ blocks: 2 ** 40, blockSize: 512 }))
  test("capacity of nonsense", () => expect(parseCapacity16(Buffer.alloc(32, 0xff))).toBeUndefined())
  test("LUNs of both addressing methods", () =>
    expect(parseLunList(encodeLunList([0, 255, 256, 16_383]))).toEqual([0, 255, 256, 16_383]))
  test("sense of both formats", () => {
    for (const one of Object.values(sense)) {
      expect(parseSense(fixedSense(one))).toEqual(one)
      expect(parseSense(descriptorSense(one))).toEqual(one)
    }
  })
  test("any bytes read as something", () => {
    expect(
      counterexample(
        fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
          const buffer = Buffer.from(bytes)
          const body = vitalProductBody(0, buffer)
          const blocks = parseCapacity16(buffer)?.blocks ?? 1
          return (
            parseSense(buffer).text !== "" &&
            parseLunList(buffer).length <= 8 &&
            blocks > 0 &&
            (body?.length ?? 0) <= 60
          )
        }),
      ),
    ).toBeUndefined()
  })
})
