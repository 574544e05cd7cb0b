import * as fc from "fast-check"
import { expect, test } from "vitest"
import { parseRemotePath, showRemotePath } from "../../../src/cli/remote-path.ts"

const read = (text: string, defaultSession?: string) => {
  const { components, ...rest } = parseRemotePath(text, defaultSession)
  return { ...rest, path: components.map((part) => part.toString("latin1")).join("/") }
}

test.each([
  ["all volumes", "orders:/", { session: "orders", path: "" }],
  ["a volume", "orders:/vg0-data", { session: "orders", volume: "vg0-data", path: "" }],
  ["a path", "orders:/vg0-data/a b/c", { session: "orders", volume: "vg0-data", path: "a b/c" }],
  ["another namespace", "shop/orders:/v/a", { namespace: "shop", session: "orders", volume: "v", path: "a" }],
  ["a colon in the path", "orders:/v/a:b", { session: "orders", volume: "v", path: "a:b" }],
  ["a byte that is no UTF-8", "orders:/v/\\xff", { session: "orders", volume: "v", path: "\xff" }],
  ["a backslash", "orders:/v/a\\\\b", { session: "orders", volume: "v", path: "a\\b" }],
  ["what is open here", "local:/disk-p1/etc", { session: "local", volume: "disk-p1", path: "etc" }],
  ["a second one open here", "local.old:/d", { session: "local.old", volume: "d", path: "" }],
  ["slashes too many", "orders://v//a/", { session: "orders", volume: "v", path: "a" }],
])("%s", (_, text, expected) => expect(read(text)).toEqual(expected))

test.each([
  ["a bare path", "/disk/etc", { session: "local", volume: "disk", path: "etc" }],
  ["a colon first", ":/disk/etc", { session: "local", volume: "disk", path: "etc" }],
  ["another session all the same", "orders:/disk", { session: "orders", volume: "disk", path: "" }],
])("with a default session: %s", (_, text, expected) => expect(read(text, "local")).toEqual(expected))

test.each([
  ["no session", "/v/a", "UsageError"],
  ["no path", "orders", "UsageError"],
  ["a relative path", "orders:v", "UsageError"],
  ["a session name that is none", "Orders!:/v", "UsageError"],
  ["an unknown escape", "orders:/v/\\n", "UsageError"],
  ["..", "orders:/v/../w", "UnsafePath"],
  ["an escaped ..", "orders:/v/\\x2e\\x2e/w", "UnsafePath"],
  ["a NUL", "orders:/v/\\x00", "UnsafePath"],
])("refuses %s", (_, text, code) => expect(() => parseRemotePath(text)).toThrow(expect.objectContaining({ code })))

test("a place that is shown is read as the same place", () => {
  const part = fc
    .uint8Array({ minLength: 1, maxLength: 10 })
    .map((bytes) => Buffer.from(bytes))
    .filter((bytes) => !bytes.includes(0) && !bytes.includes(0x2f) && !/^\.{1,2}$/.test(bytes.toString("latin1")))
  fc.assert(
    fc.property(fc.array(part), (components) => {
      const place = { namespace: "shop", session: "orders", volume: "v", components }
      expect(parseRemotePath(showRemotePath(place))).toEqual(place)
    }),
  )
})
