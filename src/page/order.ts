import type { Entry } from "../files/schemas.ts"

export type SortKey = "name" | "size" | "time"
export interface Order {
  readonly key: SortKey
  readonly descending: boolean
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" })

/** Directories first, then by the key; names settle what is equal. The given list stays as it is. */
export function sorted(entries: readonly Entry[], { key, descending }: Order): Entry[] {
  const sign = descending ? -1 : 1
  const byName = (a: Entry, b: Entry) => collator.compare(a.display, b.display) || compare(a.name, b.name)
  const byKey = {
    name: byName,
    size: (a: Entry, b: Entry) => a.sizeBytes - b.sizeBytes,
    time: (a: Entry, b: Entry) => compare(a.mtime, b.mtime),
  }[key]
  return [...entries].sort(
    (a, b) => Number(b.type === "directory") - Number(a.type === "directory") || sign * byKey(a, b) || byName(a, b),
  )
}

/** Entries whose name has these words in it, in any case; all, when there are none. */
export function filtered(entries: readonly Entry[], words: string): readonly Entry[] {
  const wanted = words.trim().toLowerCase()
  return wanted === "" ? entries : entries.filter(({ display }) => display.toLowerCase().includes(wanted))
}

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b))
