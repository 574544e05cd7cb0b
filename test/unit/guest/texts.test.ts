import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { LineSplitter } from "../../../src/guest/lines.ts"
import { numberEqual, slug } from "../../../src/guest/paths.ts"
import { printable } from "../../../src/guest/printable.ts"
import { lastWords } from "../../../src/guest/supervise.ts"
import { encodeWord } from "../../../src/guest/words.ts"

describe("printable", () => {
  test.each([
    ["plain text", Buffer.from("data 1"), "data 1"],
    ["UTF-8", Buffer.from("Größe 文"), "Größe 文"],
    ["a terminal escape", Buffer.from("\x1b[31mred"), "\\x1b[31mred"],
    ["a newline", Buffer.from("a\nb"), "a\\x0ab"],
    ["a backslash", Buffer.from("a\\x41"), "a\\\\x41"],
    ["bytes that are no UTF-8", Buffer.from([0x61, 0xff, 0x80]), "a\\xff\\x80"],
    ["text that changes direction", Buffer.from("a\u202eb"), "a\\xe2\\x80\\xaeb"],
    ["a line separator", Buffer.from("a\u2028b"), "a\\xe2\\x80\\xa8b"],
  ])("%s", (_, bytes, text) => expect(printable(bytes)).toBe(text))

  test("what is too long ends in an ellipsis, wherever its characters are cut", () => {
    for (const text of ["a", "ü", "文", "😀"]) {
      expect(printable(Buffer.from(text.repeat(50)), 100)).toBe(text.repeat(50))
      expect(printable(Buffer.from(text.repeat(300)), 100)).toMatch(/^.{50,99}…$/u)
    }
  })

  test("is bounded and shows no control character, whatever comes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
        const text = printable(Buffer.from(bytes), 100)
        expect(text.length).toBeLessThanOrEqual(100)
        expect(text).not.toMatch(/\p{Cc}|\p{Cs}|\p{Zl}|\p{Zp}/u)
      }),
    )
  })
})

describe("words for the agent", () => {
  test("are decoded to the same bytes, and never hold a blank, a newline or a quote", () => {
    fc.assert(
      fc.property(fc.uint8Array({ min: 1, minLength: 1, maxLength: 300 }), (bytes) => {
        const word = encodeWord(Buffer.from(bytes))
        expect(word).toMatch(/^[A-Za-z0-9/_.,:+\\-]+$/)
        const decoded = word.replaceAll(/\\0([0-7]{3})/g, (_, octal: string) =>
          String.fromCharCode(Number.parseInt(octal, 8)),
        )
        expect(Buffer.from(decoded, "latin1").equals(Buffer.from(bytes))).toBe(true)
      }),
    )
  })

  test.each([
    ["an empty one", Buffer.alloc(0)],
    ["a NUL byte", Buffer.from("a\0b")],
  ])("%s is refused", (_, bytes) =>
    expect(() => encodeWord(bytes)).toThrow(expect.objectContaining({ code: "UnsafePath" })),
  )
})

describe("lines", () => {
  test("come out the same however the bytes arrive", () => {
    const lines = fc.array(fc.string({ maxLength: 40 }).map((text) => text.replaceAll("\n", "")))
    fc.assert(
      fc.property(lines, fc.integer({ min: 1, max: 20 }), (lines, size) => {
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""))
        const splitter = new LineSplitter(1000)
        const found: string[] = []
        for (let at = 0; at < bytes.length; at += size)
          found.push(...splitter.feed(bytes.subarray(at, at + size)).map((line) => line.toString()))
        expect(found).toEqual(lines)
      }),
    )
  })

  test("one without an end is refused before it fills the memory", () => {
    const splitter = new LineSplitter(100)
    splitter.feed(Buffer.alloc(60, "x"))
    expect(() => splitter.feed(Buffer.alloc(60, "x"))).toThrow(expect.objectContaining({ code: "ProtocolError" }))
  })
})

describe("paths of volumes", () => {
  test.each([
    ["data-orders-0", "data-orders-0"],
    ["disk image (1).qcow2", "disk_image__1_.qcow2"],
    ["../../etc", "_._.._etc"],
    ["-rf", "_rf"],
    ["..", "_."],
    ["", "_"],
    ["~2", "_2"],
    ["Größe", "Gr__e"],
    ["x".repeat(200), "x".repeat(120)],
  ])("%j", (name, path) => {
    expect(slug(name)).toBe(path)
    expect(slug(name)).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/)
  })

  test("equal ones are numbered in their order", () => {
    expect(numberEqual(["a", "b", "a", "a"])).toEqual(["a", "b", "a~2", "a~3"])
  })
})

describe("QEMU's last words", () => {
  const exit = (console: string) => ({ code: 0, signal: null, console, asked: false })

  test.each([
    [
      "a panic, not the registers behind it",
      "Booting\r\nVFS: no root\r\n[1] Kernel panic - not syncing: VFS\r\n[1] RIP: 0\r\n",
      "VFS: no root | [1] Kernel panic - not syncing: VFS",
    ],
    [
      "a panic and what it comes from",
      "[3] Oops: general protection fault\r\n[3] RIP: 0010:f+0x1\r\n[3] PKRU: 5\r\n[3] Kernel panic - not syncing: Fatal\r\n",
      "[3] Oops: general protection fault | [3] RIP: 0010:f+0x1 | [3] Kernel panic - not syncing: Fatal",
    ],
    ["its last lines otherwise, escaped", "a\nb\nqemu: \x1b[1mno\n", "a | b | qemu: \\x1b[1mno"],
    ["nothing", "", ""],
  ])("are %s", (_, console, words) => expect(lastWords(exit(console))).toBe(words))
})
