import { percentDecode } from "../files/names.ts"

/** A file or link that got its name: what is called so with this inode is ours. */
export interface Placed {
  readonly name: Buffer
  readonly inode: bigint
  readonly bytes: number
}

/** How far a file had come that isn't complete, and of which version of it. */
export interface Partial {
  readonly bytes: number
  readonly etag: string
}

export interface Counts {
  files: number
  bytes: number
  skipped: number
}

/** What is known of one source path. */
interface Entry {
  placed?: Placed
  partial?: Partial
  made?: true
  complete?: Counts
}

/**
 * The journal's lines added up. Paths are the sources', percent-encoded:
 *
 *     F PATH NAME INODE BYTES     a file or link is about to be called NAME
 *     P PATH BYTES ETAG           so much of a large file is on the disk
 *     D PATH                      a directory is about to be made by us
 *     E PATH SKIPPED              a directory is complete, and all below it
 *
 * Of a complete directory only the sum is kept in memory. What isn't understood was not written by us and says nothing.
 */
export class Ledger {
  /** By directory, then by name: a directory that is complete is summed up without a look at any other. */
  readonly #directories = new Map<string, Map<string, Entry>>()

  get counts(): Counts {
    return sum([...this.#directories.values()].flatMap((entries) => [...entries.values()]))
  }

  of(path: string): Readonly<Entry> {
    const { parent, name } = split(path)
    return this.#directories.get(parent)?.get(name) ?? {}
  }

  forget(path: string): void {
    delete this.#entry(path).placed
  }

  read(line: string): void {
    const [kind, path = "", first = "", second = "", third = ""] = line.split(" ")
    if (!path.startsWith("/")) return
    switch (kind) {
      case "F":
        if (!isNumber(second) || !isNumber(third)) return
        delete this.#entry(path).partial
        this.#entry(path).placed = { name: percentDecode(first), inode: BigInt(second), bytes: Number(third) }
        return
      case "P":
        if (isNumber(first))
          this.#entry(path).partial = { bytes: Number(first), etag: percentDecode(second).toString() }
        return
      case "D":
        this.#entry(path).made = true
        return
      case "E":
        if (isNumber(first)) this.#complete(path, Number(first))
        return
      default:
    }
  }

  #complete(path: string, skipped: number): void {
    const below = sum([...(this.#directories.get(path)?.values() ?? [])])
    this.#directories.delete(path)
    this.#entry(path).complete = { ...below, skipped: below.skipped + skipped }
  }

  #entry(path: string): Entry {
    const { parent, name } = split(path)
    const entries = this.#directories.get(parent) ?? new Map<string, Entry>()
    this.#directories.set(parent, entries)
    const entry = entries.get(name) ?? {}
    entries.set(name, entry)
    return entry
  }
}

function split(path: string): { parent: string; name: string } {
  const at = path.lastIndexOf("/")
  return { parent: path.slice(0, at), name: path.slice(at + 1) }
}

function sum(entries: readonly Entry[]): Counts {
  const total: Counts = { files: 0, bytes: 0, skipped: 0 }
  for (const { placed, complete } of entries) {
    total.files += (placed ? 1 : 0) + (complete?.files ?? 0)
    total.bytes += (placed?.bytes ?? 0) + (complete?.bytes ?? 0)
    total.skipped += complete?.skipped ?? 0
  }
  return total
}

const isNumber = (text: string) => /^[0-9]{1,20}$/.test(text)
