import { constants } from "node:fs"
import { lstat, open, opendir, readlink, stat } from "node:fs/promises"
import { RecoveryError } from "../../api/reasons.ts"
import { fileType } from "../../files/entry.ts"
import { childPath } from "../../extract/part-file.ts"
import { sha256Of } from "../sha256/sha256-of.ts"
import { byNameBytes, collectEntries, type Tree, type TreeEntry } from "./tree.ts"

const { O_NOFOLLOW, O_RDONLY } = constants

/** A file or directory of this machine, as a side of a comparison. Links below it are compared, and not followed. */
export async function localTree(path: string): Promise<Tree> {
  const root = Buffer.from(path)
  const at = (components: readonly Buffer[]) => components.reduce(childPath, root)
  const there = await stat(root).catch((cause: unknown) => {
    throw new RecoveryError("PathNotFound", `${path} can't be read: ${(cause as Error).message}`, { cause })
  })
  return {
    root: treeEntry(root, there),
    async list(components) {
      const entries: TreeEntry[] = []
      // @types/node has no Buffer encoding for opendir, though Node does
      for await (const one of await opendir(at(components), { encoding: "buffer" as BufferEncoding })) {
        const name = one.name as unknown as Buffer
        collectEntries(entries, [await entryAt(childPath(at(components), name), name)])
      }
      return entries.sort(byNameBytes)
    },
    async sum(components) {
      // the root may be a link, as the user named it
      const flags = components.length === 0 ? O_RDONLY : O_RDONLY | O_NOFOLLOW
      await using file = await open(at(components), flags)
      return await sha256Of(file.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>)
    },
  }
}

async function entryAt(path: Buffer, name: Buffer): Promise<TreeEntry> {
  const entry = treeEntry(name, await lstat(path))
  return entry.type === "symlink" ? { ...entry, linkTarget: await readlink(path, { encoding: "buffer" }) } : entry
}

function treeEntry(name: Buffer, { mode, size, mtimeMs }: { mode: number; size: number; mtimeMs: number }): TreeEntry {
  const type = fileType({ mode, sizeBytes: size, uid: 0, gid: 0, mtimeNs: 0n })
  return { name, type, sizeBytes: size, mtime: Math.floor(mtimeMs / 1000) }
}
