import { expect, test } from "vitest"
import { field, headerBytes } from "../../../src/iscsi/header.ts"
import { SequenceNumbers } from "../../../src/target/sequence.ts"

function numbersAt(cmdSn: number, busy = 0) {
  const numbers = new SequenceNumbers()
  numbers.startAt(cmdSn)
  numbers.busy = busy
  return numbers
}

test.each([
  ["the next one", 100, 100, "next"],
  ["one before", 100, 99, "outside"],
  ["one left out", 100, 101, "gap"],
  ["the last of the window", 100, 227, "gap"],
  ["one past the window", 100, 228, "outside"],
  ["the next one where numbers wrap", 0xffffffff, 0xffffffff, "next"],
  ["past the wrap", 0xffffffff, 0, "gap"],
])("command number %s", (_, expected, cmdSn, place) => expect(numbersAt(expected).place(cmdSn)).toBe(place))

test("the window shrinks with what is under way and never closes for what fits", () => {
  expect(numbersAt(1, 127).place(1)).toBe("next")
  expect(numbersAt(1, 128).place(1)).toBe("outside")
})

test("a status uses up a StatSN, data and offers don't", () => {
  const numbers = numbersAt(7, 3)
  const shown = (stamp: (header: Buffer) => void) => {
    const header = Buffer.alloc(headerBytes)
    stamp(header)
    return [field.sequence, field.expected, field.maxCmdSn].map((at) => header.readUInt32BE(at))
  }
  expect(shown((header) => numbers.stampStatus(header))).toEqual([1, 7, 131])
  expect(shown((header) => numbers.stampOffer(header))).toEqual([2, 7, 131])
  expect(shown((header) => numbers.stampData(header))).toEqual([0, 7, 131])
  expect(shown((header) => numbers.stampStatus(header))).toEqual([2, 7, 131])
})
