import { displayName, percentDecode } from "../files/names.ts"
import type { Entry } from "../files/schemas.ts"
import { table } from "./table.ts"

const letters = { file: "-", directory: "d", symlink: "l", fifo: "p", socket: "s", block: "b", char: "c" } as const

/** Like `ls -l`: type and permissions, numeric owner and group, size, time, name, link target. */
export function longListing(entries: readonly Entry[]): string {
  const rows = entries.map((entry) => [
    letters[entry.type] + permissions(entry.mode),
    String(entry.uid),
    String(entry.gid),
    String(entry.sizeBytes),
    entry.mtime.slice(0, 19).replace("T", " "),
    shownName(entry) + (entry.linkTarget === undefined ? "" : ` -> ${displayName(percentDecode(entry.linkTarget))}`),
  ])
  return table(["MODE", "UID", "GID", "SIZE", "MODIFIED (UTC)", "NAME"], rows)
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
