import * as fc from "fast-check"
import { expect, test } from "vitest"
import { displayName, parseName, percentDecode, percentEncode } from "../../../src/files/names.ts"

const name = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes))

test("percent-encoding keeps every byte", () => {
  expect(() => fc.assert(fc.property(name, (bytes) => percentDecode(percentEncode(bytes)).equals(bytes)))).not.toThrow()
})

test("what is shown can be typed back", () => {
  expect(() => fc.assert(fc.property(name, (bytes) => parseName(displayName(bytes)).equals(bytes)))).not.toThrow()
  const codePoints = fc.array(fc.nat(0x10ffff), { maxLength: 20 })
  const text = codePoints.map((points) => String.fromCodePoint(...points).toWellFormed())
  expect(() =>
    fc.assert(fc.property(text, (text) => parseName(displayName(Buffer.from(text))).equals(Buffer.from(text)))),
  ).not.toThrow()
})

test("nothing shown moves a cursor or hides", () => {
  expect(() =>
    fc.assert(fc.property(name, (bytes) => !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(displayName(bytes)))),
  ).not.toThrow()
})

test.each([
  ["plain text", Buffer.from("orders.db"), "orders.db"],
  ["other scripts", Buffer.from("größe 文件 😀"), "größe 文件 😀"],
  ["a backslash", Buffer.from("a\\b"), "a\\\\b"],
  ["an escape sequence", Buffer.from("\x1b[31m"), "\\x1b[31m"],
  ["a newline", Buffer.from("a\nb"), "a\\x0ab"],
  ["bytes that are no UTF-8", Buffer.from([0x61, 0xff, 0xfe, 0x62]), "a\\xff\\xfeb"],
  ["a sequence cut short", Buffer.from([0xe2, 0x82]), "\\xe2\\x82"],
  ["an overlong slash", Buffer.from([0xc0, 0xaf]), "\\xc0\\xaf"],
  ["a change of direction", Buffer.from("\u202Egpj.exe"), "\\xe2\\x80\\xaegpj.exe"],
])("shows %s", (_, bytes, shown) => expect(displayName(bytes)).toBe(shown))

test.each(["%", "%4", "%zz", "a b", "ä", "a\nb"])("refuses %j as percent-encoding", (text) =>
  expect(() => percentDecode(text)).toThrow(/percent-encoded/),
)

test.each(["\\", "\\y", "\\x1", "a\\"])("refuses %j as a typed name", (text) =>
  expect(() => parseName(text)).toThrow(/no escape/),
)

test("keeps the slashes of a path when asked", () => {
  expect(percentEncode(Buffer.from("/a b/c"), "/")).toBe("/a%20b/c")
})
