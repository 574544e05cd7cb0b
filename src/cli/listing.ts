import { displayName, percentDecode } from "../files/names.ts"
import type { Entry } from "../files/schemas.ts"
import { printable } from "./printable.ts"
import { table, tableLine } from "./table.ts"

const letters = { file: "-", directory: "d", symlink: "l", fifo: "p", socket: "s", block: "b", char: "c" } as const

/** Like `ls -l`: type and permissions, numeric owner and group, size, time, name, link target. */
export function longListing(entries: readonly Entry[]): string {
  const rows = entries.map((entry) => longCells(entry, shownName(entry)))
  return table(["MODE", "UID", "GID", "SIZE", "MODIFIED (UTC)", "NAME"], rows)
}

/** One line of the same, for what comes one by one; `shown` stands for the name. */
export function longLine(entry: Entry, shown: string): string {
  return tableLine(longCells(entry, shown), [10, 5, 5, 10, 19])
}

function longCells(entry: Entry, shown: string): string[] {
  const { type, mode, uid, gid, sizeBytes, mtime, linkTarget } = entry
  const link = linkTarget === undefined ? "" : ` -> ${displayName(percentDecode(linkTarget))}`
  const time = printable(mtime.slice(0, 19).replace("T", " "))
  return [letters[type] + permissions(mode), String(uid), String(gid), String(sizeBytes), time, shown + link]
}

/** The name, escaped here rather than trusting the server's own escaping; a slash marks a directory. */
export function shownName(entry: Entry): string {
  return displayName(percentDecode(entry.name)) + (entry.type === "directory" ? "/" : "")
}

/** rwxr-xr-x, with s, S, t and T as ls(1) has them. */
export function permissions(mode: number): string {
  const triple = (shift: number, special: number, letter: string) => {
    const bits = (mode >> shift) & 7
    const execute = (bits & 1) !== 0
    const last = (mode & special) !== 0 ? (execute ? letter : letter.toUpperCase()) : execute ? "x" : "-"
    return `${bits & 4 ? "r" : "-"}${bits & 2 ? "w" : "-"}${last}`
  }
  return triple(6, 0o4000, "s") + triple(3, 0o2000, "s") + triple(0, 0o1000, "t")
}

/** By the bytes of their names. */
export function byName(a: Entry, b: Entry): number {
  return Buffer.compare(percentDecode(a.name), percentDecode(b.name))
}
