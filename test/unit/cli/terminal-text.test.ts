import * as fc from "fast-check"
import { expect, test } from "vitest"
import { terminalText } from "../../../src/cli/terminal-text.ts"

async function shown(...chunks: (string | Buffer)[]): Promise<string> {
  async function* bytes() {
    for (const chunk of chunks) yield await Promise.resolve(Buffer.from(chunk))
  }
  let text = ""
  for await (const piece of terminalText(bytes(), "x")) text += piece
  return text
}

test.each([
  ["text as it is", "größe\t文件 😀\nC:\\dir\n", "größe\t文件 😀\nC:\\dir\n"],
  ["the line ends of Windows", "a\r\nb", "a\nb"],
  ["a return that would go back over the line", "secret\rharmless", "secret\\x0dharmless"],
  ["escapes", "a\x1b]0;t\x07\tb\r\nc\n", "a\\x1b]0;t\\x07\tb\nc\n"],
  ["C1 controls", "a\u009b2J", "a\\xc2\\x9b2J"],
  ["direction changes", "\u202etxt.exe", "\\xe2\\x80\\xaetxt.exe"],
  ["bytes that are no UTF-8", Buffer.from("a\xff\xe4", "latin1"), "a\\xff\\xe4"],
])("%s", async (_, bytes, text) => expect(await shown(bytes)).toBe(text))

test.each([
  ["in its first bytes", [Buffer.from("MZ\0")]],
  ["in a later chunk", ["x".repeat(4000), "\0"]],
])("a binary file is refused: NUL %s", async (_, chunks) => {
  await expect(shown(...chunks)).rejects.toMatchObject({ code: "AccessDenied" })
})

test("how the bytes are cut into chunks shows nowhere", async () => {
  const text = fc.string({ unit: fc.constantFrom("a", " ", "\\", "ö", "文", "😀", "\t", "\r", "\n", "\x1b") })
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(20)), async (text, cuts) => {
      const bytes = Buffer.from(text)
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
      const chunks = places.slice(1).map((end, at) => bytes.subarray(places[at], end))
      expect(await shown(...chunks)).toBe(await shown(bytes))
    }),
  )
})
