import { RecoveryError } from "../api/reasons.ts"
import { entryOf, fileType } from "./entry.ts"
import { type Exchange, sendJson } from "./exchange.ts"
import { displayName } from "./names.ts"
import { splitPath } from "./path.ts"
import type { RouteTo } from "./route.ts"
import type { DirectoryEntry, VolumeReader } from "./source.ts"
import { viewOf } from "./view.ts"

/** Readlinks in flight for one page. */
const linksAtOnce = 16

/** GET .../stat: what is at the path itself. */
export async function sendStat(exchange: Exchange, route: RouteTo<"stat">): Promise<void> {
  const reader = await exchange.source.open(route.volume)
  try {
    const attributes = await reader.lstat(route.path)
    const link = fileType(attributes) === "symlink" ? await reader.readlink(route.path) : undefined
    sendJson(exchange.response, entryOf(splitPath(route.path).at(-1) ?? Buffer.alloc(0), attributes, link))
  } finally {
    reader.release()
  }
}

/** GET .../list: one page of a directory. */
export async function sendList(exchange: Exchange, route: RouteTo<"list">): Promise<void> {
  const reader = await exchange.source.open(route.volume)
  try {
    if (fileType(await reader.stat(route.path)) !== "directory")
      throw new RecoveryError("NotADirectory", `${displayName(route.path)} is not a directory.`)
    const page = await exchange.listings.page(route.volume, route.path, route.cursor, route.limit, viewOf(route))
    const targets = await linkTargets(reader, route.path, page.entries)
    sendJson(exchange.response, {
      entries: page.entries.map((entry) => entryOf(entry.name, entry, targets.get(entry))),
      ...(page.next === undefined ? {} : { next: String(page.next) }),
    })
  } finally {
    reader.release()
  }
}

async function linkTargets(
  reader: VolumeReader,
  directory: Buffer,
  entries: readonly DirectoryEntry[],
): Promise<Map<DirectoryEntry, Buffer>> {
  const links = entries.filter((entry) => (entry.mode & 0o170000) === 0o120000)
  const targets = new Map<DirectoryEntry, Buffer>()
  const worker = async () => {
    for (let link = links.pop(); link; link = links.pop())
      targets.set(link, await reader.readlink(Buffer.concat([directory, Buffer.from("/"), link.name])))
  }
  await Promise.all(Array.from({ length: linksAtOnce }, worker))
  return targets
}
