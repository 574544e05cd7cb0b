import { expect, test } from "vitest"
import type { Entry } from "../../../src/files/schemas.ts"
import { filtered, type Order, sorted } from "../../../src/page/order.ts"

const entry = (display: string, sizeBytes = 0, mtime = "2026-01-01T00:00:00Z", type: Entry["type"] = "file"): Entry => {
  return { name: encodeURIComponent(display), display, type, sizeBytes, mtime, mode: 0o644, uid: 0, gid: 0 }
}
const entries = [
  entry("b", 3, "2026-01-03T00:00:00Z"),
  entry("file-10", 1, "2026-01-02T00:00:00Z"),
  entry("File-9", 1),
  entry("z", 0, "2020-01-01T00:00:00Z", "directory"),
  entry("a", 2),
]
const names = (list: readonly Entry[]) => list.map(({ display }) => display)

test.each<[string, Order, string[]]>([
  ["by name, numbers as numbers", { key: "name", descending: false }, ["z", "a", "b", "File-9", "file-10"]],
  ["the other way round", { key: "name", descending: true }, ["z", "file-10", "File-9", "b", "a"]],
  ["by size, then name", { key: "size", descending: false }, ["z", "File-9", "file-10", "a", "b"]],
  ["the newest first", { key: "time", descending: true }, ["z", "b", "file-10", "a", "File-9"]],
])("%s; directories first", (_, order, expected) => {
  const before = [...entries]
  expect(names(sorted(entries, order))).toEqual(expected)
  expect(entries).toEqual(before)
})

test("names with certain words, in any case", () => {
  expect(names(filtered(entries, " FILE "))).toEqual(["file-10", "File-9"])
  expect(filtered(entries, " ")).toBe(entries)
})
