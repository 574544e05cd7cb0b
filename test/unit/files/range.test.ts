import * as fc from "fast-check"
import { expect, test } from "vitest"
import { parseRange } from "../../../src/files/range.ts"

const whole = { kind: "whole" }
const none = { kind: "unsatisfiable" }
const part = (start: number, end: number) => ({ kind: "part", start, end })

test.each([
  ["no header", undefined, 10, whole],
  ["first bytes", "bytes=0-3", 10, part(0, 4)],
  ["one byte", "bytes=9-9", 10, part(9, 10)],
  ["to the end", "bytes=4-", 10, part(4, 10)],
  ["beyond the end", "bytes=4-99", 10, part(4, 10)],
  ["the last bytes", "bytes=-3", 10, part(7, 10)],
  ["more last bytes than there are", "bytes=-99", 10, part(0, 10)],
  ["spaces", " bytes = 1 - 2 ", 10, part(1, 3)],
  ["from the end on", "bytes=10-", 10, none],
  ["no last bytes", "bytes=-0", 10, none],
  ["of an empty file", "bytes=0-", 0, none],
  ["backwards", "bytes=5-4", 10, whole],
  ["two ranges", "bytes=0-1,3-4", 10, whole],
  ["another unit", "lines=0-1", 10, whole],
  ["nothing asked", "bytes=-", 10, whole],
  ["a number too long", `bytes=${"9".repeat(30)}-`, 10, whole],
])("%s", (_, header, size, range) => expect(parseRange(header, size)).toEqual(range))

test("a part is never empty and never beyond the file", () => {
  const sound = (noise: string, a: number, b: number, size: number) =>
    [noise, `bytes=${a}-${b}`, `bytes=${a}-`, `bytes=-${b}`].every((header) => {
      const range = parseRange(header, size)
      return range.kind !== "part" || (range.start >= 0 && range.start < range.end && range.end <= size)
    })
  expect(() => fc.assert(fc.property(fc.string(), fc.nat(), fc.nat(), fc.nat(), sound))).not.toThrow()
})
