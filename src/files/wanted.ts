import { typeOf } from "./entry.ts"
import { Glob } from "./glob.ts"
import { splitPath } from "./path.ts"
import type { SearchQuery } from "./queries.ts"
import type { FoundFile, Wanted } from "./source.ts"

type Asked = Pick<SearchQuery, "name" | "ignoreCase" | "type" | "minSize" | "maxSize" | "newer" | "older">

/** What the source is told to look for: it sends less of what isn't wanted, and none of what is stays away. */
export function coarsely({ name, ignoreCase, type, minSize, maxSize, newer, older }: Asked): Wanted {
  const pattern = name && new Glob(name, { ignoreCase }).coarse()
  return { ...(pattern && { name: pattern }), types: type, minSize, maxSize, newer, older }
}

/** The test that decides. */
export function matcher({
  name,
  ignoreCase,
  type,
  minSize,
  maxSize,
  newer,
  older,
}: Asked): (file: FoundFile) => boolean {
  const glob = name && new Glob(name, { ignoreCase })
  return (file) =>
    (type.length === 0 || type.includes(typeOf(file))) &&
    file.sizeBytes >= (minSize ?? 0) &&
    file.sizeBytes <= (maxSize ?? Infinity) &&
    (newer === undefined || file.mtimeNs >= newer) &&
    (older === undefined || file.mtimeNs < older) &&
    (glob === undefined || glob.matches(splitPath(file.path).at(-1) ?? Buffer.alloc(0)))
}
