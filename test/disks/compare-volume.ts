import { displayName } from "../../src/files/names.ts"
import { compareTrees } from "./compare-trees.ts"
import { expectedEntries } from "./keeping.ts"
import type { ExpectedVolume } from "./row.ts"
import type { Entry } from "./tree.ts"

/** Of every file system, what its maker leaves there. */
const usual = /^lost\+found$/

/** The trees in a volume, each at its place, and nothing beside them: how many entries were compared, and what is wrong. */
export function compareVolume(
  { keeps, at = [""], also = {}, links = {}, xattrs = {}, besides = usual }: ExpectedVolume,
  read: readonly Entry[],
): { compared: number; wrong: string[] } {
  if (keeps === undefined) return { compared: 0, wrong: [] }
  const expected = expectedEntries(keeps)
  const wrong = wrongAttributes(xattrs, read)
  let left = read
    .filter(({ name }) => !besides.test(name.toString("latin1")))
    .map((entry) => without(xattrs[entry.name.toString()], entry))
  for (const [name, content] of Object.entries(also)) {
    const file = left.find((entry) => entry.name.equals(Buffer.from(name)))
    left = left.filter((entry) => entry !== file)
    if (file?.content?.equals(Buffer.from(content)) !== true) wrong.push(`${name}: another content, or none`)
  }
  for (const [name, target] of Object.entries(links)) {
    const link = left.find((entry) => entry.type === "symlink" && entry.name.equals(Buffer.from(name)))
    left = left.filter((entry) => entry !== link)
    if (link?.link?.toString() !== target) wrong.push(`${name}: leads to ${link?.link?.toString() ?? "nothing"}`)
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

function wrongAttributes(wanted: NonNullable<ExpectedVolume["xattrs"]>, read: readonly Entry[]): string[] {
  return Object.entries(wanted).flatMap(([path, attributes]) => {
    const found = read.find(({ name }) => name.equals(Buffer.from(path)))?.xattrs ?? {}
    return Object.entries(attributes).flatMap(([name, value]) => {
      const hex = found[name]?.toString("hex")
      return hex === value ? [] : [`${path}: ${name} is ${hex ?? "absent"} instead of ${value}`]
    })
  })
}

/** An entry without some of its attributes: what is left is compared with what the tree has. */
function without(attributes: Readonly<Record<string, string>> = {}, entry: Entry): Entry {
  const { xattrs = {}, ...rest } = entry
  const left = Object.entries(xattrs).filter(([name]) => attributes[name] === undefined)
  return { ...rest, xattrs: Object.fromEntries(left) }
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
