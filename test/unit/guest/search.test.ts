import * as fc from "fast-check"
import { expect, test } from "vitest"
import { findWords, readFound } from "../../../src/guest/search.ts"

async function read(...chunks: (string | Buffer)[]) {
  async function* output() {
    for (const chunk of chunks) yield Buffer.from(chunk as string)
  }
  const all = []
  for await (const batch of readFound(output())) all.push(...batch)
  return all
}

const second = 1_000_000_000n
const line = "f 644 1000 100 5 1700000000.1234567890\0/a\nb\0\0"
const entry = {
  path: Buffer.from("/a\nb"),
  mode: 0o100644,
  uid: 1000,
  gid: 100,
  sizeBytes: 5,
  mtimeNs: 1_700_000_000_123_456_789n,
}

test("reads what find prints, however it is cut", async () => {
  expect(await read(line, "l 777 0 0 1 -1.5000000000\0/l\0/x\0")).toEqual([
    entry,
    {
      path: Buffer.from("/l"),
      mode: 0o120777,
      uid: 0,
      gid: 0,
      sizeBytes: 1,
      mtimeNs: -500_000_000n,
      linkTarget: Buffer.from("/x"),
    },
  ])
  for (let at = 1; at < line.length; at++) expect(await read(line.slice(0, at), line.slice(at))).toEqual([entry])
})

test.each([
  ["1700000000.1234567890", 1_700_000_000_123_456_789n],
  ["-315619200.0000000000", -315_619_200n * second],
  ["-1.9999999990", -1n],
  ["15032385535.0000000010", 15_032_385_535n * second + 1n],
  ["-140737488355327.0000000000", -140_737_488_355_327n * second],
])("the time %s of find is read", async (text, mtimeNs) => {
  expect(await read(line.replace(/\d+\.\d+/, text))).toMatchObject([{ mtimeNs }])
})

test.each([
  ["a time of more seconds than the jail lets through", line.replace("1700000000.", "1700000000000000.")],
  ["a time without a fraction", line.replace(".1234567890", "")],
  ["words", "hello\0/a\0\0"],
  ["a path that isn't absolute", line.replace("/a", "a")],
  ["half a file", line.slice(0, -1)],
  ["a field that isn't ended", `${line}f 644`],
  ["a size beyond 2^53", line.replace(" 5 ", " 9999999999999999 ")],
  ["a field without end", "x".repeat(70_000)],
])("refuses %s", async (_, text) => {
  await expect(read(text)).rejects.toMatchObject({ code: "ProtocolError" })
})

test("noise is refused, nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array().map((bytes) => Buffer.from(bytes))), async (chunks) => {
      const outcome = read(...chunks).then(
        () => "ProtocolError",
        (error: { code: string }) => error.code,
      )
      expect(await outcome).toBe("ProtocolError")
    }),
  )
})

test("tests become words", () => {
  const name = { pattern: Buffer.from("*"), ignoreCase: true }
  expect(
    findWords({
      name,
      types: ["file", "symlink", "file"],
      minSize: 1,
      maxSize: 9,
      newer: 10n * second,
      older: 20n * second + 1n,
    }),
  ).toEqual(["iname", name.pattern, "type", "f,l", "larger", "0", "smaller", "10", "newer", "9", "older", "21"])
  expect(findWords({ types: [], minSize: 0 })).toEqual([])
})
