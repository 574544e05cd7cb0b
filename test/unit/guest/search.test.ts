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

const line = "f 644 1000 100 5 1700000000.1234567890\0/a\nb\0\0"
const entry = {
  path: Buffer.from("/a\nb"),
  mode: 0o100644,
  uid: 1000,
  gid: 100,
  sizeBytes: 5,
  mtime: Number("1700000000.1234567890"),
}

test("reads what find prints, however it is cut", async () => {
  expect(await read(line, "l 777 0 0 1 -1.5\0/l\0/x\0")).toEqual([
    entry,
    {
      path: Buffer.from("/l"),
      mode: 0o120777,
      uid: 0,
      gid: 0,
      sizeBytes: 1,
      mtime: -1.5,
      linkTarget: Buffer.from("/x"),
    },
  ])
  for (let at = 1; at < line.length; at++) expect(await read(line.slice(0, at), line.slice(at))).toEqual([entry])
})

test.each([
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
    findWords({ name, types: ["file", "symlink", "file"], minSize: 1, maxSize: 9, newer: 10, older: 20.5 }),
  ).toEqual(["iname", name.pattern, "type", "f,l", "larger", "0", "smaller", "10", "newer", "9.999", "older", "20.500"])
  expect(findWords({ types: [], minSize: 0 })).toEqual([])
})
