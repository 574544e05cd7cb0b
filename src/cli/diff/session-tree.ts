import { parseTime, secondOf } from "../../api/nanoseconds.ts"
import { percentDecode } from "../../files/names.ts"
import type { Entry } from "../../files/schemas.ts"
import type { FilesClient, Place } from "../../client/files-client.ts"
import { download } from "../../client/download.ts"
import { sha256Of } from "../sha256/sha256-of.ts"
import { byNameBytes, collectEntries, type Tree, type TreeEntry } from "./tree.ts"

/** A place in a session, as a side of a comparison. Content is read here, so a connection that breaks goes on. */
export async function sessionTree(files: FilesClient, place: Place, signal: AbortSignal): Promise<Tree> {
  const at = (path: readonly Buffer[]) => ({ ...place, components: [...place.components, ...path] })
  return {
    root: treeEntry(await files.stat(place)),
    async list(path) {
      const entries: TreeEntry[] = []
      for await (const page of files.list(at(path))) collectEntries(entries, page.map(treeEntry))
      return entries.sort(byNameBytes)
    },
    async sum(path) {
      const content = await files.content(at(path), { start: 0 }, signal)
      return sha256Of(download(files, at(path), content, signal))
    },
  }
}

function treeEntry({ name, type, sizeBytes, mtime, linkTarget }: Entry): TreeEntry {
  return {
    name: percentDecode(name),
    type,
    sizeBytes,
    mtime: secondOf(parseTime(mtime) ?? 0n),
    ...(linkTarget !== undefined && { linkTarget: percentDecode(linkTarget) }),
  }
}
