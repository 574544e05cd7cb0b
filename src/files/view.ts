import { typeOf } from "./entry.ts"
import { Glob } from "./glob.ts"
import type { SortKey } from "./queries.ts"
import type { RouteTo } from "./route.ts"
import type { DirectoryEntry } from "./source.ts"

/** What a client wants to see of a directory, and in which order. */
export interface View {
  /** Tells this view from others. */
  readonly key: string
  /** Absent: everything. */
  readonly wanted?: (entry: DirectoryEntry) => boolean
  /** Absent: as the file system gives them. */
  readonly compare?: (a: DirectoryEntry, b: DirectoryEntry) => number
}

type Asked = Pick<RouteTo<"list">, "name" | "ignoreCase" | "type" | "sort" | "order">

export function viewOf({ name, ignoreCase, type, sort, order }: Asked): View {
  const glob = name && new Glob(name, { ignoreCase })
  const wanted = (entry: DirectoryEntry) =>
    (type.length === 0 || type.includes(typeOf(entry))) && (glob?.matches(entry.name) ?? true)
  return {
    key: JSON.stringify([name?.toString("latin1"), ignoreCase, type, sort, order]),
    ...(glob || type.length > 0 ? { wanted } : {}),
    ...(sort ? { compare: comparison(sort, order === "desc" ? -1 : 1) } : {}),
  }
}

/** Equal ones are in the order of their names, which are all different: the order is the same each time. */
function comparison(key: SortKey, sign: 1 | -1): NonNullable<View["compare"]> {
  const byName = (a: DirectoryEntry, b: DirectoryEntry): number => a.name.compare(b.name)
  const by: Record<SortKey, typeof byName> = {
    name: byName,
    size: (a, b) => a.sizeBytes - b.sizeBytes,
    mtime: (a, b) => Number(a.mtimeNs > b.mtimeNs) - Number(a.mtimeNs < b.mtimeNs),
    type: (a, b) => typeOf(a).localeCompare(typeOf(b), "en"),
  }
  return (a, b) => sign * (by[key](a, b) || byName(a, b))
}
