import { type BigIntStats, constants } from "node:fs"
import { open, readlink } from "node:fs/promises"
import { download, persist } from "../client/download.ts"
import { childPath } from "../extract/part-file.ts"
import { percentDecode } from "../files/names.ts"
import { hasTimeOf, statOf } from "./destination.ts"
import type { Placing, Source } from "./place-file.ts"

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants

/**
 * A pod that had copied all took its journal away; when it was deleted before anybody heard of that, the next one finds
 * its files and no word about them. What has a name that this file would have got, and is equal to it byte by byte and in
 * time, or a link that leads to the same, is then its copy, and is told to the journal as that.
 */
export async function foundAgain(directory: Buffer, name: Buffer, source: Source, placing: Placing): Promise<boolean> {
  for (const candidate of placing.names.candidates(name)) {
    const path = childPath(directory, candidate)
    const there = await statOf(path)
    if (there === undefined) return false
    if (!(await isEqual(path, there, source, placing))) continue
    const bytes = there.isFile() ? Number(there.size) : 0
    await placing.journal.place(source.path, { name: candidate, inode: there.ino, bytes })
    return true
  }
  return false
}

async function isEqual(path: Buffer, there: BigIntStats, source: Source, placing: Placing): Promise<boolean> {
  const { entry } = source
  if (entry.type === "symlink") return there.isSymbolicLink() && leadsThere(path, source)
  if (!there.isFile() || there.size !== BigInt(entry.sizeBytes) || !hasTimeOf(there, entry)) return false
  return hasBytesOf(path, source, placing)
}

async function leadsThere(path: Buffer, { entry }: Source): Promise<boolean> {
  return (await readlink(path, { encoding: "buffer" })).equals(percentDecode(entry.linkTarget ?? ""))
}

async function hasBytesOf(path: Buffer, { place }: Source, { files, signal, retrying }: Placing): Promise<boolean> {
  // one that may not be read, or is another by now, is not known to be equal
  const file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(() => undefined)
  if (file === undefined) return false
  try {
    const content = await persist(() => files.content(place, { start: 0 }, signal), signal, retrying)
    let position = 0
    for await (const chunk of download(files, place, content, signal, retrying)) {
      const own = Buffer.alloc(chunk.length)
      const { bytesRead } = await file.read(own, 0, own.length, position)
      if (bytesRead < own.length || !own.equals(chunk)) return false
      position += chunk.length
    }
    return true
  } finally {
    await file.close()
  }
}
