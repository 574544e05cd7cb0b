import { expect, test } from "vitest"
import { anchorsOf } from "../../../src/guest/anchors.ts"
import type { BlockNode, ProbeAnswer } from "../../../src/guest/probe-answer.ts"

const disks = [{ serial: "abc-0" }, { serial: "abc-1" }]
const rest = { tags: new Map(), groups: [], strays: [], arrays: new Map(), dynamic: [], log: "" }
const found = (...nodes: BlockNode[]): ProbeAnswer => ({ nodes, ...rest })
const disk = (name: string, index: number): BlockNode => ({ type: "disk", name, index, sizeBytes: 1 })
const part = (name: string, on: string, number: number): BlockNode => {
  return { type: "partition", name, parts: [on], number, sizeBytes: 1, start: 2048 }
}
const mapped = (name: string, uuid: string, ...parts: string[]): BlockNode => {
  return { type: "mapped", name, uuid, parts, sizeBytes: 1 }
}
const group = (letter: string) => `LVM-${letter.repeat(32)}`

test("two starts of the same disks, which the kernel names in another order", () => {
  const first = anchorsOf(
    found(
      disk("sda", 0),
      disk("sdb", 1),
      part("sda1", "sda", 1),
      { type: "array", name: "md127", parts: ["sda1", "sdb"], level: "raid1", degraded: 0, sizeBytes: 1 },
      mapped("dm-0", `${group("A")}volume`, "md127"),
      mapped("dm-1", "CRYPT-LUKS2-1234-unlocked-dm-0", "dm-0"),
    ),
    disks,
  )
  const second = anchorsOf(
    found(
      disk("sda", 1),
      disk("sdb", 0),
      part("sdb1", "sdb", 1),
      { type: "array", name: "md126", parts: ["sda", "sdb1"], level: "raid1", degraded: 0, sizeBytes: 1 },
      mapped("dm-3", `${group("B")}volume`, "md126"), // a byte clone gets another UUID each time
      mapped("dm-0", "CRYPT-LUKS2-1234-unlocked-dm-3", "dm-3"),
    ),
    disks,
  )
  expect(first("dm-1")).toBe("(abc-0/1 abc-1)/md/volume/unlocked")
  expect(second("dm-0")).toBe(first("dm-1"))
  expect([second("sdb1"), second("sda"), second("sdz")]).toEqual(["abc-0/1", "abc-1", "?"])
})

test("a kernel that tells of circles", () => {
  expect(anchorsOf(found(mapped("dm-0", "x", "dm-1"), mapped("dm-1", "y", "dm-0")), disks)("dm-0")).toContain("?")
})
