import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { EndMark } from "../../../src/guest/end-mark.ts"

const nonce = "0123456789abcdef0123456789abcdef"
const ending = (code: number, stderr: string) => `\n${nonce} ${code} ${Buffer.from(stderr).toString("base64")}\n`

function feedAll(mark: EndMark, bytes: Buffer, size = bytes.length): Buffer {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size)
    parts.push(mark.feed(bytes.subarray(at, at + size)) ?? Buffer.alloc(0))
  return Buffer.concat(parts)
}

describe("the marks of a session", () => {
  test("its output is what stands between them, however the bytes arrive", () => {
    // newlines and the nonce's own characters, so that much looks like the beginning of a mark
    const output = fc.array(fc.oneof(fc.constantFrom("\n", nonce, nonce.slice(0, 9), `\n${nonce}`, "x"), fc.string()))
    fc.assert(
      fc.property(output, fc.integer({ min: 1, max: 100 }), (parts, size) => {
        const output = Buffer.from(parts.join("")).filter((byte) => byte !== 0x20)
        const bytes = Buffer.concat([Buffer.from(`${nonce}\n`), output, Buffer.from(ending(0, ""))])
        const mark = new EndMark(nonce)
        expect(feedAll(mark, bytes, size).equals(output)).toBe(true)
        expect(mark.end).toEqual({ exitCode: 0, message: "" })
      }),
    )
  })

  test("what an earlier session left is dropped", () => {
    const mark = new EndMark(nonce)
    expect(feedAll(mark, Buffer.from(`old bytes\n${nonce}\nnew${ending(0, "")}`), 7).toString()).toBe("new")
  })

  test("stderr is told, escaped, its lines joined", () => {
    const mark = new EndMark(nonce)
    feedAll(mark, Buffer.from(`${nonce}\n${ending(2, "tar: a\x1b: no\ntar: failed\n")}`))
    expect(mark.end).toEqual({ exitCode: 2, message: "tar: a\\x1b: no; tar: failed" })
  })

  test("stderr of many lines is told as far as a message goes", () => {
    const mark = new EndMark(nonce)
    feedAll(mark, Buffer.from(`${nonce}\n${ending(1, "\x01\n".repeat(2000))}`))
    expect(mark.end?.message).toHaveLength(2000)
  })

  test.each([
    ["an exit code of letters", `${nonce}\n\n${nonce} x =\n`],
    ["bytes behind the end", `${nonce}\n${ending(0, "")}more`],
    ["an end without an end", `${nonce}\n\n${nonce} 0 ${"A".repeat(9000)}`],
    ["no beginning", "x".repeat(5 << 20)],
  ])("%s is a breach", (_, text) => {
    const mark = new EndMark(nonce)
    expect(() => feedAll(mark, Buffer.from(text), 65536)).toThrow(expect.objectContaining({ code: "ProtocolError" }))
  })
})
