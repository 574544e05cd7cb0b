import type { Tree, TreeEntry } from "./tree.ts"

export type Field = "type" | "size" | "mtime" | "target" | "content"

/** Something that is not the same on both sides. */
export interface Difference {
  /** Below the roots; empty for the roots themselves. */
  readonly path: readonly Buffer[]
  /** `removed`: only on the first side; `added`: only on the second. */
  readonly change: "removed" | "added" | "changed"
  /** What is not the same, where both have it. */
  readonly fields: readonly Field[]
  readonly before?: TreeEntry
  readonly after?: TreeEntry
}

export interface CompareOptions {
  /** Files of the same size are compared by content, and times don't count. */
  readonly checksum: boolean
  /** Times don't count. */
  readonly ignoreTimes: boolean
}

/**
 * Two trees walked side by side, in the order of their names; each difference as it is found. A directory that only one
 * side has is one difference, whatever is in it. In memory are the directories on the way.
 */
export async function* compareTrees(a: Tree, b: Tree, options: CompareOptions): AsyncGenerator<Difference> {
  yield* comparePair(a, b, [], a.root, b.root, options)
}

async function* comparePair(
  a: Tree,
  b: Tree,
  path: readonly Buffer[],
  before: TreeEntry,
  after: TreeEntry,
  options: CompareOptions,
): AsyncGenerator<Difference> {
  const fields = await changed(a, b, path, before, after, options)
  if (fields.length > 0) yield { path, change: "changed", fields, before, after }
  if (before.type === "directory" && after.type === "directory") yield* compareDirectories(a, b, path, options)
}

async function* compareDirectories(
  a: Tree,
  b: Tree,
  path: readonly Buffer[],
  options: CompareOptions,
): AsyncGenerator<Difference> {
  const [left, right] = await Promise.all([a.list(path), b.list(path)])
  for (const [before, after] of pairs(left, right)) {
    const name = (before ?? after)?.name ?? Buffer.alloc(0)
    const below = [...path, name]
    if (before && after) yield* comparePair(a, b, below, before, after, options)
    else if (before) yield { path: below, change: "removed", fields: [], before }
    else if (after) yield { path: below, change: "added", fields: [], after }
  }
}

/** Merges two sorted lists by name. */
function* pairs(left: TreeEntry[], right: TreeEntry[]): Generator<[TreeEntry | undefined, TreeEntry | undefined]> {
  for (let i = 0, j = 0; i < left.length || j < right.length;) {
    const [before, after] = [left[i], right[j]]
    const order = !before ? 1 : !after ? -1 : Buffer.compare(before.name, after.name)
    if (order <= 0) i++
    if (order >= 0) j++
    yield [order <= 0 ? before : undefined, order >= 0 ? after : undefined]
  }
}

async function changed(
  a: Tree,
  b: Tree,
  path: readonly Buffer[],
  before: TreeEntry,
  after: TreeEntry,
  { checksum, ignoreTimes }: CompareOptions,
): Promise<Field[]> {
  if (before.type !== after.type) return ["type"]
  if (before.type === "symlink") {
    const same = before.linkTarget?.equals(after.linkTarget ?? Buffer.alloc(0)) ?? after.linkTarget === undefined
    return same ? [] : ["target"]
  }
  if (before.type !== "file") return []
  if (before.sizeBytes !== after.sizeBytes) return ["size"]
  if (!checksum) return ignoreTimes || before.mtime === after.mtime ? [] : ["mtime"]
  const [left, right] = await Promise.all([a.sum(path), b.sum(path)])
  return left === right ? [] : ["content"]
}
