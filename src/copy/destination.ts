import { createHash } from "node:crypto"
import type { BigIntStats } from "node:fs"
import { lstat } from "node:fs/promises"
import { RecoveryError } from "../api/reasons.ts"
import { childPath } from "../extract/part-file.ts"
import { fileTime, secondsOf } from "../extract/file-time.ts"
import { displayName } from "../files/names.ts"
import type { Entry } from "../files/schemas.ts"
import type { Conflict } from "./options.ts"

/** Longest name most file systems take, in bytes. */
const maxNameBytes = 255
const mostRenamed = 1000
const suffix = ".recovered"
/** A file's time may be that far from the one it was given: some file systems count in steps of two seconds. */
const mostSeconds = 2

/** What is at the path itself; undefined when nothing is. */
export async function statOf(path: Buffer): Promise<BigIntStats | undefined> {
  return lstat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined
    throw error
  })
}

/** The time of an entry, as utimes functions take it. */
export function timeOf({ mtime }: Pick<Entry, "mtime">): string {
  return fileTime(secondsOf(mtime))
}

/** Whether a file has the time of an entry, as exactly as the least of file systems keeps it. */
export function hasTimeOf({ mtimeMs }: BigIntStats, entry: Pick<Entry, "mtime">): boolean {
  return Math.abs(Number(mtimeMs) / 1000 - Number(timeOf(entry))) <= mostSeconds
}

/**
 * Names at the destination, and who gets them. A name that was given out is taken, although nothing has it yet: several
 * files are written at once.
 */
export class Names {
  readonly #conflict: Conflict
  readonly #given = new Set<string>()

  constructor(conflict: Conflict) {
    this.#conflict = conflict
  }

  /** What a file is to be called in this directory; undefined: it is left out. Throws DestinationExists. */
  async choose(directory: Buffer, name: Buffer): Promise<Buffer | undefined> {
    const there = await this.#take(directory, name)
    if (there === undefined) return name
    const shown = `${displayName(name)} is there already`
    if (this.#conflict === "Skip") return undefined
    if (this.#conflict === "Fail") throw new RecoveryError("DestinationExists", `${shown}.`)
    if (this.#conflict === "Overwrite") {
      if (there === "given" || !there.isDirectory()) return name
      this.release(directory, name)
      throw new RecoveryError("DestinationExists", `${shown}, and is a directory.`)
    }
    for (const other of renamed(name)) {
      if ((await this.#take(directory, other)) === undefined) return other
    }
    throw new RecoveryError("DestinationExists", `${shown}, and so are ${mostRenamed} others of it.`)
  }

  /** What a file may have been called in an empty directory or in any other, in the order in which names are tried. */
  *candidates(name: Buffer): Generator<Buffer> {
    yield name
    if (this.#conflict === "Rename") yield* renamed(name)
  }

  /** The name has what it was given out for, or will never have it. */
  release(directory: Buffer, name: Buffer): void {
    this.#given.delete(keyOf(directory, name))
  }

  async #take(directory: Buffer, name: Buffer): Promise<BigIntStats | "given" | undefined> {
    const key = keyOf(directory, name)
    if (this.#given.has(key)) return "given"
    // given first, looked at then: nobody else gets it in between
    this.#given.add(key)
    const there = await statOf(childPath(directory, name))
    if (there && this.#conflict !== "Overwrite") this.#given.delete(key)
    return there
  }
}

const keyOf = (directory: Buffer, name: Buffer) => childPath(directory, name).toString("latin1")

/** `a.db` -> `a.db.recovered`, `a.db.recovered-2` and so on. */
function* renamed(name: Buffer): Generator<Buffer> {
  for (let count = 1; count <= mostRenamed; count++) {
    const end = Buffer.from(count === 1 ? suffix : `${suffix}-${count}`)
    yield Buffer.concat([name.subarray(0, maxNameBytes - end.length), end])
  }
}

/** What a file is called while it is written: the same for every pod of a copy, and no other's. */
export function partName(copyId: string, name: Buffer): Buffer {
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 16)
  return Buffer.from(`.filerecovery-${copyId}-${hash}.part`)
}

export const journalName = (copyId: string) => Buffer.from(`.filerecovery-copy-${copyId}`)
