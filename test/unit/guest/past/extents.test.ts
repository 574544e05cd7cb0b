import { describe, expect, test } from "vitest"
import { parseExtents } from "../../../../src/guest/past/extents.ts"
import { attempt, codeOf } from "../../../support/guest/attempt.ts"

const range = { start: 1000, end: 9000 }
const answer = (lines: readonly string[], head = "253:3 9000 ef53") =>
  Buffer.from([head, ...lines].map((line) => `${line}\n`).join(""))
const parse = (lines: readonly string[], head?: string) => parseExtents(answer(lines, head), range)

describe("where a file lies, from 1000 to 9000", () => {
  test.each<[string, string[], object[]]>([
    ["nothing of it: zeros", [], [{ at: 1000, length: 8000 }]],
    ["in one piece that begins before", ["0 50000 9000 1"], [{ at: 1000, length: 8000, place: 51000 }]],
    ["in one piece that is longer", ["1000 50000 90000 1"], [{ at: 1000, length: 8000, place: 50000 }]],
    [
      "with a hole between",
      ["1000 50000 1000 0", "5000 10000 4000 1"],
      [
        { at: 1000, length: 1000, place: 50000 },
        { at: 2000, length: 3000 },
        { at: 5000, length: 4000, place: 10000 },
      ],
    ],
    [
      "a part that was never written, which is zeros whatever lies there",
      ["0 50000 4000 800", "4000 90000 5000 1"],
      [
        { at: 1000, length: 3000 },
        { at: 4000, length: 5000, place: 90000 },
      ],
    ],
    [
      "twice at the same place, shared with others, of single blocks",
      ["0 50000 4000 2000", "4000 50000 5000 1001"],
      [
        { at: 1000, length: 3000, place: 51000 },
        { at: 4000, length: 5000, place: 50000 },
      ],
    ],
    ["and beyond what was asked for", ["1000 0 8000 0", "9000 70000 5000 1"], [{ at: 1000, length: 8000, place: 0 }]],
  ])("%s", (_, lines, extents) => expect(parse(lines)).toEqual({ device: "253:3", extents }))
})

test.each([
  ["somewhere", 0x2],
  ["in memory only", 0x4],
  ["compressed", 0x8],
  ["encrypted", 0x80],
  ["not aligned", 0x100],
  ["within the inode", 0x200],
  ["beside the ends of others", 0x400],
  ["as no kernel says yet", 0x10000],
])("a file %s is not read past the guest", (_, flag) => {
  const error = attempt(() => parse([`0 4096 4096 0`, `4096 50000 9000 ${(flag | 1).toString(16)}`]))
  expect(error).toMatchObject({ scope: "file" })
})

test.each([
  ["of Btrfs, whose extents are no places on a device", "0:40 9000 9123683e", "volume"],
  ["of a file system that was not tried", "8:1 9000 7366746e", "volume"],
  ["that is shorter than was asked for", "8:1 8999 ef53", "file"],
])("nor one %s", (_, head, scope) => expect(attempt(() => parse([], head))).toMatchObject({ scope }))

test.each<[string, string[], string?]>([
  ["nothing", [], ""],
  ["no device", [], "ext4 9000 ef53"],
  ["something else", ["0 50000 9000"]],
  ["a negative place", ["0 -4096 9000 1"]],
  ["extents that overlap", ["0 0 5000 0", "4000 9000 5000 1"]],
  ["extents out of order", ["5000 0 4000 0", "0 9000 5000 1"]],
  ["an extent of nothing", ["1000 0 0 1"]],
  ["a place beyond all numbers", ["0 18446744073709551615 9000 1"]],
  ["a length beyond all numbers", ["0 4096 18446744073709551615 1"]],
  ["more extents than it was asked for", Array.from({ length: 32_769 }, (_, at) => `${at} 0 1 0`)],
])("a guest that says %s is not believed", (_, lines, head) =>
  expect(codeOf(attempt(() => parse(lines, head)))).toBe("ProtocolError"),
)
