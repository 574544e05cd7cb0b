import { createHash } from "node:crypto"
import { displayName } from "../../src/files/names.ts"
import type { Keeping } from "./keeping.ts"
import type { Entry } from "./tree.ts"

/** All that is wrong with the tree that was read, a line each; nothing when it is what the file system was to keep. */
export function compareTrees(expected: readonly Entry[], read: readonly Entry[], keeping: Keeping): string[] {
  const wanted = byName(expected)
  const found = byName(read)
  const missing = [...wanted.keys()].filter((name) => !found.has(name)).map((name) => `${shown(name)} is missing`)
  const foreign = [...found.keys()].filter((name) => !wanted.has(name)).map((name) => `${shown(name)} was never there`)
  const different = [...wanted].flatMap(([name, entry]) => {
    const other = found.get(name)
    return other === undefined ? [] : differences(entry, other, keeping).map((what) => `${shown(name)}: ${what}`)
  })
  return [...missing, ...foreign, ...different]
}

/** An entry with all names of its file: a tar tells a hard link apart only by which came first. */
type Known = Entry & { readonly names: readonly string[] }

function byName(entries: readonly Entry[]): Map<string, Known> {
  const plain = new Map(entries.map((entry) => [key(entry.name), entry]))
  const groups = new Map<string, string[]>()
  const first = (entry: Entry) => key(entry.type === "hardlink" && entry.link ? entry.link : entry.name)
  for (const entry of entries) groups.set(first(entry), [...(groups.get(first(entry)) ?? []), key(entry.name)])
  return new Map(
    entries.map((entry) => {
      const file = plain.get(first(entry)) ?? entry
      return [key(entry.name), { ...file, name: entry.name, names: (groups.get(first(entry)) ?? []).sort() }]
    }),
  )
}

function differences(wanted: Known, read: Known, keeping: Keeping): string[] {
  if (wanted.type !== read.type) return [`a ${read.type} instead of a ${wanted.type}`]
  const isLink = wanted.type === "symlink"
  const facts: [string, unknown, unknown][] = [
    ["content", sum(wanted.content), sum(read.content)],
    ["target", isLink && key(wanted.link), isLink && key(read.link)],
    ["owner", `${wanted.uid}:${wanted.gid}`, `${read.uid}:${read.gid}`],
  ]
  if (keeping.owners && !isLink) facts.push(["mode", wanted.mode.toString(8), read.mode.toString(8)])
  if (keeping.directoryTimes || wanted.type !== "directory") facts.push(["time", wanted.mtime, read.mtime])
  if (keeping.hardLinks) facts.push(["names", wanted.names.join(" "), read.names.join(" ")])
  facts.push(
    ["attributes", attributes(wanted), attributes(read, keeping.besides)],
    ["ACL", acl(wanted.acl), acl(read.acl)],
  )
  return facts.filter(([, a, b]) => a !== b).map(([what, a, b]) => `${what} ${String(b)} instead of ${String(a)}`)
}

const key = (name: Buffer | undefined) => name?.toString("latin1") ?? ""
const shown = (name: string) => displayName(Buffer.from(name, "latin1")).slice(0, 80)
const sum = (content: Buffer | undefined) =>
  content && `${content.length} bytes, sha256 ${createHash("sha256").update(content).digest("hex").slice(0, 12)}`

const attributes = ({ xattrs = {} }: Entry, besides?: RegExp) =>
  Object.entries(xattrs)
    .filter(([name]) => besides?.test(name) !== true)
    .map(([name, value]) => `${name}=${value.toString("hex")}`)
    .sort()
    .join(" ")

/** Entries of an ACL without the comments and separators that tools differ in. */
const acl = (text = "") =>
  text
    .split(/[\n,]/)
    .map((entry) => entry.replace(/\s*#.*$/, "").trim())
    .filter(Boolean)
    .sort()
    .join(",")
