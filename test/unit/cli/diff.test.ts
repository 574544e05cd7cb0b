import * as fc from "fast-check"
import { expect, test } from "vitest"
import { compareTrees, type CompareOptions } from "../../../src/cli/diff/compare.ts"
import { byNameBytes, type Tree, type TreeEntry } from "../../../src/cli/diff/tree.ts"

/** A directory as an object; a text is a file's content, `->x` a link. */
type Shape = { readonly [name: string]: Shape | string }

function treeOf(shape: Shape, mtime = 0): Tree {
  const entry = (name: string, value: Shape | string): TreeEntry => {
    const common = { name: Buffer.from(name), mtime }
    if (typeof value !== "string") return { ...common, type: "directory", sizeBytes: 0 }
    if (value.startsWith("->")) return { ...common, type: "symlink", sizeBytes: 1, linkTarget: Buffer.from(value) }
    return { ...common, type: "file", sizeBytes: value.length }
  }
  const at = (path: readonly Buffer[]) =>
    path.reduce<Shape | string>((value, part) => (value as Shape)[part.toString()] ?? {}, shape)
  return {
    root: entry("", shape),
    list: async (path) =>
      Object.entries(at(path))
        .map(([name, value]) => entry(name, value))
        .sort(byNameBytes),
    sum: async (path) => at(path) as string,
  }
}

async function told(a: Tree, b: Tree, options: Partial<CompareOptions> = {}): Promise<string[]> {
  const lines: string[] = []
  for await (const { path, change, fields } of compareTrees(a, b, { checksum: false, ignoreTimes: false, ...options }))
    lines.push(`${change} ${path.map(String).join("/")} ${fields.join(",")}`.trim())
  return lines
}

const before: Shape = { a: "1", b: { x: "x", y: "y" }, c: "->t", d: "dir?", only: { deep: "" } }
const after: Shape = { a: "1", b: { x: "xx", z: "z" }, c: "->u", d: {}, new: "" }

test("what only one side has, and what both have but not the same, in the order of names", async () => {
  expect(await told(treeOf(before), treeOf(after))).toEqual([
    "changed b/x size",
    "removed b/y",
    "added b/z",
    "changed c target",
    "changed d type",
    "added new",
    "removed only",
  ])
})

test.each<[string, Partial<CompareOptions>, string[]]>([
  ["by time", {}, ["changed a mtime", "changed b mtime"]],
  ["not by time", { ignoreTimes: true }, []],
  ["by content", { checksum: true }, ["changed b content"]],
])("files of the same size: %s", async (_, options, expected) => {
  expect(await told(treeOf({ a: "1", b: "2", l: "->x" }, 1), treeOf({ a: "1", b: "3", l: "->x" }, 2), options)).toEqual(
    expected,
  )
})

test("two files are compared themselves", async () => {
  const file = (content: string): Tree => {
    const { root, ...tree } = treeOf({})
    return { ...tree, root: { ...root, type: "file", sizeBytes: content.length }, sum: async () => content }
  }
  expect(await told(file("a"), file("b"), { checksum: true })).toEqual(["changed  content"])
  expect(await told(file("a"), file("a"), { checksum: true })).toEqual([])
})

const shape = fc.letrec<{ tree: Shape }>((tie) => ({
  tree: fc.dictionary(
    fc.stringMatching(/^[a-dB]{1,2}$/),
    fc.oneof({ maxDepth: 3 }, fc.constantFrom("", "1", "->x"), tie("tree")),
    { maxKeys: 4 },
  ),
})).tree

test("a tree is the same as itself; the other way round what was removed is added", async () => {
  await fc.assert(
    fc.asyncProperty(shape, shape, async (a, b) => {
      expect(await told(treeOf(a), treeOf(a))).toEqual([])
      const swap: Record<string, string> = { removed: "added", added: "removed" }
      const there = (await told(treeOf(a), treeOf(b))).map((line) => line.replace(/^\w+/, (word) => swap[word] ?? word))
      expect(await told(treeOf(b), treeOf(a))).toEqual(there)
    }),
  )
})
