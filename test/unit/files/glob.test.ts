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
  const character = fc.constantFrom("a", "A", "*", "?", "[", "]", "!", "-", "\\", "ü", "Ü", "\n")
  const text = fc.array(character, { maxLength: 3 }).map((all) => all.join(""))
  /** A piece of a pattern, and a text that it matches. */
  const piece = fc.oneof(
    character.map((one) => [`\\${one}`, one] as const),
    character.map((one) => ["?", one] as const),
    character.map((one) => [`[${one}x]`.replace("[\\", "[\\\\").replace("[!", "[\\!"), one] as const),
    text.map((some) => ["*", some] as const),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), fc.boolean(), (pieces, ignoreCase) => {
      const [pattern, name] = [0, 1].map((index) => Buffer.from(pieces.map((piece) => piece[index]).join("")))
      if (pattern === undefined || name === undefined) return
      const glob = new Glob(pattern, { ignoreCase })
      expect(glob.matches(name)).toBe(true)
      expect(new Glob(glob.coarse().pattern, { ignoreCase }).matches(name)).toBe(true)
    }),
    { numRuns: 300 },
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
