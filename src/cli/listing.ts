import { displayName, percentDecode } from "../files/names.ts"
import { modeText } from "../files/permissions.ts"
import type { Entry } from "../files/schemas.ts"
import { printable } from "./printable.ts"
import { table, tableLine } from "./table.ts"

/** Like `ls -l`: type and permissions, numeric owner and group, size, time, name, link target. */
export function longListing(entries: readonly Entry[]): string {
  const rows = entries.map((entry) => longCells(entry, shownName(entry)))
  return table(["MODE", "UID", "GID", "SIZE", "MODIFIED (UTC)", "NAME"], rows)
}

/** One line of the same, for what comes one by one; `shown` stands for the name. */
export function longLine(entry: Entry, shown: string): string {
  return tableLine(longCells(entry, shown), [10, 5, 5, 10, 29])
}

function longCells(entry: Entry, shown: string): string[] {
  const { uid, gid, sizeBytes, mtime, linkTarget } = entry
  const link = linkTarget === undefined ? "" : ` -> ${displayName(percentDecode(linkTarget))}`
  const time = printable(mtime.slice(0, 29).replace("T", " ").replace("Z", ""))
  return [modeText(entry), String(uid), String(gid), String(sizeBytes), time, shown + link]
}

/** The name, escaped here rather than trusting the server's own escaping; a slash marks a directory. */
export function shownName(entry: Entry): string {
  return displayName(percentDecode(entry.name)) + (entry.type === "directory" ? "/" : "")
}

/** By the bytes of their names. */
export function byName(a: Entry, b: Entry): number {
  return Buffer.compare(percentDecode(a.name), percentDecode(b.name))
}
