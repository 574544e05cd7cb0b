import { describe, expect, test } from "vitest"
import { parseLayout } from "../../../../src/guest/past/layout-answer.ts"
import { attempt, codeOf } from "../../../support/guest/attempt.ts"

const MiB = 1 << 20
const disks = new Map([
  [0, 10 * MiB],
  [259, 10 * MiB],
])
const layout = (...lines: string[]) => parseLayout(Buffer.from(`${lines.join("\n")}\n`), disks)
const first = "disk 8:0 20480 0:0:0:0"
const second = "disk 8:16 20480 0:0:3:1"

describe("where bytes of a device lie", () => {
  test.each<[string, string[], object[]]>([
    ["a disk", [first], [{ disk: 0, offset: MiB, length: 3 * MiB }]],
    ["a partition", ["part 8:1 10240 2048 8:0", first], [{ disk: 0, offset: 2 * MiB, length: 3 * MiB }]],
    [
      "a logical volume over two disks",
      ["dm 253:0 16384", "table 0 4096 linear 8:0 2048", "table 4096 12288 linear 8:16 4096", first, second],
      [
        { disk: 0, offset: 2 * MiB, length: MiB },
        { disk: 259, offset: 2 * MiB, length: 2 * MiB },
      ],
    ],
    [
      "a striped one on a partition and a disk",
      ["dm 253:7 16384", "table 0 16384 striped 2 2048 8:1 0 8:16 0", "part 8:1 10240 2048 8:0", first, second],
      [
        { disk: 259, offset: 0, length: MiB },
        { disk: 0, offset: 2 * MiB, length: MiB },
        { disk: 259, offset: MiB, length: MiB },
      ],
    ],
  ])("%s", (_, lines, ranges) => expect(layout(...lines).locate(MiB, 3 * MiB)).toEqual(ranges))
})

test.each<[string, string[]]>([
  ["an encrypted volume", ["dm 253:0 8192", "table 0 8192 crypt aes-xts-plain64 :64:logon:x 0 8:0 4096", first]],
  ["a thin one", ["dm 253:0 8192", "table 0 8192 thin 253:4 1", "dm 253:4 8192", "table 0 8192 error", first]],
  ["a snapshot", ["dm 253:0 8192", "table 0 8192 snapshot 8:0 8:16 P 8", first, second]],
  ["what a missing disk had", ["dm 253:0 8192", "table 0 8192 error"]],
  ["an array", ["other 9:0 8192"]],
  ["a partition of an array", ["part 259:1 8192 0 9:0", "other 9:0 8192"]],
])("%s is read through the guest", (_, lines) => {
  const made = layout(...lines)
  expect(attempt(() => made.locate(0, 4096))).toMatchObject({ scope: "file" })
  expect(attempt(() => made.cover(0, 4096))).toMatchObject({ scope: "file" })
})

test("the rest of a volume of which a disk is missing is not", () => {
  const partly = layout("dm 253:0 16384", "table 0 8192 error", "table 8192 8192 linear 8:0 0", first)
  expect(partly.cover(5 * MiB, MiB)).toEqual([{ disk: 0, offset: MiB, length: MiB }])
  expect(attempt(() => partly.cover(3 * MiB, 2 * MiB))).toMatchObject({ scope: "file" })
})

test.each<[string, string[]]>([
  ["nothing", []],
  ["words", ["it lies on a disk"]],
  ["a device twice", [first, first]],
  ["half a stripe", ["dm 253:0 8192", "table 0 8192 striped 2 128 8:0 0 8:16", first, second]],
  ["fewer stripes than it counts", ["dm 253:0 8192", "table 0 8192 striped 3 128 8:0 0 8:16 0", first, second]],
  ["a place that is none", ["dm 253:0 8192", "table 0 8192 linear /dev/sda 0", first]],
  ["a negative place", ["dm 253:0 8192", "table 0 8192 linear 8:0 -8", first]],
  ["a size beyond all numbers", ["disk 8:0 9999999999999999 0:0:0:0"]],
])("a guest that says %s is not believed", (_, lines) =>
  expect(codeOf(attempt(() => layout(...lines)))).toBe("ProtocolError"),
)
