import { describe, expect, test } from "vitest"
import type { Entry } from "../../../src/files/schemas.ts"
import { counted, permissions, timeLeft } from "../../../src/page/format.ts"
import { previewKind, textOf } from "../../../src/page/kind.ts"

const entry = (display: string, more: Partial<Entry> = {}): Entry => {
  return { name: display, display, type: "file", sizeBytes: 1, mtime: "", mode: 0o644, uid: 0, gid: 0, ...more }
}

test.each<[string, Entry, string | undefined]>([
  ["a picture", entry("a.PNG"), "image"],
  ["a picture too large to hold", entry("a.png", { sizeBytes: 2 ** 30 }), undefined],
  ["a drawing, which may have scripts", entry("a.svg"), "text"],
  ["a document", entry("a.pdf"), "pdf"],
  ["anything else", entry("a"), "text"],
  ["a device", entry("a.png", { type: "block" }), undefined],
])("%s is looked at in its own way", (_, file, kind) => expect(previewKind(file)).toBe(kind))

describe("the beginning of a file is text", () => {
  const bytes = (text: string, encoding: BufferEncoding = "utf8") => Uint8Array.from(Buffer.from(text, encoding))
  test.each<[string, Uint8Array, string | undefined]>([
    ["UTF-8", bytes("größe\n"), "größe\n"],
    ["cut in the middle of a character", bytes("größe").subarray(0, 5), "grö"],
    ["Latin-1", bytes("gr\xf6\xdfe", "latin1"), "größe"],
    ["nothing", bytes(""), ""],
    ["not with a NUL byte in it", bytes("a\0b"), undefined],
    ["not with many controls and other bytes", bytes("\x01\x02\xff\x7fELF", "latin1"), undefined],
  ])("%s", (_, given, text) => expect(textOf(given)).toBe(text))
})

test.each([
  [-5, "0 s"],
  [59_999, "59 s"],
  [60_000, "1 min"],
  [3 * 3_600_000 + 12 * 60_000, "3 h 12 min"],
])("%d ms are %s", (ms, words) => expect(timeLeft(ms)).toBe(words))

test("counts and modes as people write them", () => {
  expect([counted(1, "file"), counted(12_345, "entry", "entries")]).toEqual(["1 file", "12,345 entries"])
  expect([permissions(0o755), permissions(0o4640)]).toEqual(["rwxr-xr-x", "rw-r-----"])
})
