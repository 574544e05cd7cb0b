import { RecoveryError } from "../../api/reasons.ts"
import type { FileType } from "../../files/schemas.ts"

/** A file of a tree, as far as it is compared. */
export interface TreeEntry {
  readonly name: Buffer
  readonly type: FileType
  readonly sizeBytes: number
  /** Seconds since the epoch, whole: not every side knows parts of them. */
  readonly mtime: number
  readonly linkTarget?: Buffer
}

/** One side of a comparison: a file, or a directory with all below it. Paths are components below its root. */
export interface Tree {
  readonly root: TreeEntry
  /** What is in a directory, by the bytes of its names. */
  list(path: readonly Buffer[]): Promise<TreeEntry[]>
  /** SHA-256 of a file, hexadecimal. */
  sum(path: readonly Buffer[]): Promise<string>
}

/** A directory must fit into memory to be compared by its names. */
const mostInDirectory = 1_000_000

/** Adds to a directory's entries. Throws when there are too many. */
export function collectEntries(entries: TreeEntry[], more: readonly TreeEntry[]): void {
  for (const entry of more) entries.push(entry)
  if (entries.length > mostInDirectory)
    throw new RecoveryError(
      "UsageError",
      `A directory has more than ${mostInDirectory} entries: compare what is below it.`,
    )
}

export const byNameBytes = (a: TreeEntry, b: TreeEntry) => Buffer.compare(a.name, b.name)
