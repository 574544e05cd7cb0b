import * as fc from "fast-check"
import { expect, test } from "vitest"
import { Glob } from "../../../src/files/glob.ts"

const bytes = (text: string) => Buffer.from(text, "latin1")
const invalid = Buffer.from([0x61, 0xff])

test.each<[string, string | Buffer, boolean]>([
  ["*.db", "orders.db", true],
  ["*.db", "orders.dbx", false],
  ["*", ".hidden", true],
  ["orders", "orders", true],
  ["orders", "Orders", false],
  ["a?c", "abc", true],
  ["a?c", "aüc", true],
  ["a?", invalid, true],
  ["a??", invalid, false],
  ["[a-c]x", "bx", true],
  ["[!a-c]x", "bx", false],
  ["[^a-c]x", "dx", true],
  ["[]x]", "]", true],
  ["[ä-ü]", "ö", true],
  ["[a", "[a", true],
  ["\\*", "*", true],
  ["\\*", "x", false],
  ["a\\", "a\\", true],
  ["new*line", "new\nline", true],
  ["**a**b", "xxayyb", true],
  ["*a*b*c", "abcab", false],
])("%s and %s: %s", (pattern, name, matches) => {
  expect(new Glob(Buffer.from(pattern)).matches(Buffer.from(name as string))).toBe(matches)
})

test("case can be ignored, also outside of ASCII", () => {
  const glob = new Glob(Buffer.from("ÜBER*.[p]df"), { ignoreCase: true })
  expect(glob.matches(Buffer.from("über alles.PDF"))).toBe(true)
})

test("a pattern made to be slow ends", () => {
  const glob = new Glob(Buffer.from(`${"a*".repeat(120)}b`))
  expect(glob.matches(Buffer.from("a".repeat(1000)))).toBe(false)
})

const name = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((array) => Buffer.from(array))

test("every name matches itself, escaped", () => {
  fc.assert(
    fc.property(name, (name) => {
      const pattern = bytes(name.toString("latin1").replace(/[*?[\]\\]/g, "\\$&"))
      expect(new Glob(pattern).matches(name)).toBe(true)
    }),
  )
})

test("what matches, matches the coarse pattern too", () => {
  const alphabet = fc.constantFrom("a", "A", "*", "?", "[", "]", "!", "-", "\\", "ü", "Ü", "\n")
  const text = fc.array(alphabet, { minLength: 1, maxLength: 8 }).map((all) => Buffer.from(all.join("")))
  fc.assert(
    fc.property(text, text, fc.boolean(), (pattern, name, ignoreCase) => {
      const glob = new Glob(pattern, { ignoreCase })
      const coarse = glob.coarse()
      fc.pre(glob.matches(name))
      expect(new Glob(coarse.pattern, { ignoreCase }).matches(name)).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ["*.db", "*.db"],
  ["a?[bc]d", "a*d"],
  ["\\*\\?\\[", "*\\?\\["],
  ["1*2*3*4*5*6", "1*2*3*4*"],
  ["x", "x"],
])("%s is coarsely %s", (pattern, coarse) => {
  expect(new Glob(Buffer.from(pattern)).coarse().pattern.toString()).toBe(coarse)
})
