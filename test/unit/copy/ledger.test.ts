import { expect, test } from "vitest"
import { Ledger } from "../../../src/copy/ledger.ts"

function ledgerOf(...lines: string[]): Ledger {
  const ledger = new Ledger()
  for (const line of lines) ledger.read(line)
  return ledger
}

test.each<[string, string[], { files: number; bytes: number; skipped: number }]>([
  ["nothing", [], { files: 0, bytes: 0, skipped: 0 }],
  ["two files", ["F /d/a a 5 10", "F /d/b b 6 20"], { files: 2, bytes: 30, skipped: 0 }],
  ["a file twice", ["F /d/a a 5 10", "F /d/a a 6 20"], { files: 1, bytes: 20, skipped: 0 }],
  ["half a file", ["P /d/a 10 etag"], { files: 0, bytes: 0, skipped: 0 }],
  ["a directory", ["D /d/x", "F /d/x/a a 5 10", "F /d/b b 6 20", "E /d/x 3"], { files: 2, bytes: 30, skipped: 3 }],
  [
    "directories in directories",
    ["F /d/x/y/a a 5 10", "E /d/x/y 1", "F /d/x/b b 6 20", "E /d/x 2", "E /d 0"],
    { files: 2, bytes: 30, skipped: 3 },
  ],
  ["one whose name begins like it", ["F /d/xy/a a 5 10", "E /d/x 0"], { files: 1, bytes: 10, skipped: 0 }],
  [
    "what isn't understood",
    ["F /d/a a", "F d a 5 10", "G /d/a", "", "E /d", "F /d/a a x 1"],
    { files: 0, bytes: 0, skipped: 0 },
  ],
])("%s", (_, lines, counts) => {
  expect(ledgerOf(...lines).counts).toEqual(counts)
})

test("of a path it says what was said last", () => {
  const ledger = ledgerOf("D /d/x", "P /d/x/a 10 %22e%22", "F /d/x/b b%20c 7 20")
  expect(ledger.of("/d/x").made).toBe(true)
  expect(ledger.of("/d/x/a").partial).toEqual({ bytes: 10, etag: '"e"' })
  expect(ledger.of("/d/x/b").placed).toEqual({ name: Buffer.from("b c"), inode: 7n, bytes: 20 })
  ledger.forget("/d/x/b")
  expect(ledger.of("/d/x/b").placed).toBeUndefined()
  ledger.read("E /d/x 0")
  expect(ledger.of("/d/x/a").partial).toBeUndefined()
})
