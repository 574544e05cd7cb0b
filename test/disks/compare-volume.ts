import { displayName } from "../../src/files/names.ts"
import { compareTrees } from "./compare-trees.ts"
import { expectedEntries } from "./keeping.ts"
import type { ExpectedVolume } from "./row.ts"
import type { Entry } from "./tree.ts"

/** Of every file system, what its maker leaves there. */
const usual = /^lost\+found$/

/** The trees in a volume, each at its place, and nothing beside them: how many entries were compared, and what is wrong. */
export function compareVolume(
  { keeps, at = [""], also = {}, besides = usual }: ExpectedVolume,
  read: readonly Entry[],
): { compared: number; wrong: string[] } {
  if (keeps === undefined) return { compared: 0, wrong: [] }
  const expected = expectedEntries(keeps)
  const wrong: string[] = []
  let left = read.filter(({ name }) => !besides.test(name.toString("latin1")))
  for (const [name, content] of Object.entries(also)) {
    const file = left.find((entry) => entry.name.equals(Buffer.from(name)))
    left = left.filter((entry) => entry !== file)
    if (file?.content?.equals(Buffer.from(content)) !== true) wrong.push(`${name}: another content, or none`)
  }
  for (const place of at) {
    const isBelow = ({ name }: Entry) => place === "" || name.toString("latin1").startsWith(`${place}/`)
    const tree = left.filter(isBelow).map((entry) => relativeTo(place, entry))
    left = left.filter((entry) => !isBelow(entry))
    wrong.push(...compareTrees(expected, tree, keeps))
  }
  wrong.push(...left.map(({ name }) => `${displayName(name)} is beside the tree`))
  return { compared: expected.length * at.length + Object.keys(also).length, wrong }
}

/** Of links only hard ones are names of this archive. */
function relativeTo(place: string, entry: Entry): Entry {
  const from = place === "" ? 0 : place.length + 1
  const { type, link } = entry
  return {
    ...entry,
    name: entry.name.subarray(from),
    ...(type === "hardlink" && link ? { link: link.subarray(from) } : {}),
  }
}
