import { compareVolume } from "../../disks/compare-volume.ts"
import type { ExpectedVolume } from "../../disks/row.ts"
import type { Entry } from "../../disks/tree.ts"

/** How a tree that was read fits the volume that it fits best. */
export interface Fit {
  readonly volume: ExpectedVolume
  /** It is all of the volume, not a subvolume. */
  readonly whole: boolean
  /** Entries of which all was compared. */
  readonly compared: number
  readonly wrong: readonly string[]
}

/**
 * Which of the volumes a tree is of, by its content alone: another program has names of its own for them. A tree may also be
 * of a subvolume, which here is a folder of its volume. Undefined when it is more unlike than like each of them.
 */
export function bestFit(volumes: readonly ExpectedVolume[], tree: readonly Entry[]): Fit | undefined {
  const ways = volumes
    .filter(({ keeps }) => keeps !== undefined)
    .flatMap((volume) => [
      { volume, whole: true, way: volume },
      ...(volume.at === undefined ? [] : [{ volume, whole: false, way: aloneOf(volume) }]),
    ])
  const [best] = ways
    .map(({ volume, whole, way }): Fit => ({ volume, whole, ...compareVolume(way, tree) }))
    .sort((a, b) => unlike(a) - unlike(b) || a.wrong.length - b.wrong.length)
  return best && unlike(best) <= best.compared / 2 ? best : undefined
}

/** Names are what tells trees apart: a time may be wrong everywhere. */
const unlike = ({ wrong }: Fit) => wrong.filter((words) => /^(missing|foreign)$/.test(kindOf(words))).length

/** Its tree at the root, and nothing else. */
function aloneOf({ path, kind, state, keeps }: ExpectedVolume): ExpectedVolume {
  return { path, kind, state, ...(keeps && { keeps }) }
}

/** "time 61, ACL 1": of what kinds the differences are, and how many entries of each. */
export function inKinds(wrong: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const words of wrong) counts.set(kindOf(words), (counts.get(kindOf(words)) ?? 0) + 1)
  return [...counts].map(([kind, count]) => `${kind} ${count}`).join(", ") || "none"
}

/** Names of files may hold anything: what is wrong stands behind the last of them. */
function kindOf(words: string): string {
  if (words.endsWith(" is missing")) return "missing"
  if (words.endsWith(" was never there") || words.endsWith(" is beside the tree")) return "foreign"
  const kind = /: (?:(content|target|owner|mode|time|names|attributes|ACL) .* instead of |(another content))/s.exec(
    words,
  )
  if (kind) return kind[1] ?? "content"
  return /: an? \w+ instead of an? \w+$/.test(words) ? "type" : "other"
}
