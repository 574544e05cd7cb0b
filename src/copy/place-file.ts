import { constants } from "node:fs"
import { lchown, lutimes, open, rename, symlink, unlink } from "node:fs/promises"
import { RecoveryError } from "../api/reasons.ts"
import { download, persist } from "../client/download.ts"
import type { FilesClient, Place } from "../client/files-client.ts"
import { childPath, writeSparse } from "../extract/part-file.ts"
import { percentDecode } from "../files/names.ts"
import type { Entry } from "../files/schemas.ts"
import { goesOn } from "./failures.ts"
import { hasTimeOf, type Names, partName, statOf, timeOf } from "./destination.ts"
import { foundAgain } from "./found-again.ts"
import type { Attributes } from "./attributes.ts"
import type { Journal } from "./journal.ts"

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants
/** After so many bytes of a file the journal says how far it is. */
const stepBytes = 128 * 1024 * 1024

export interface Placing {
  readonly files: FilesClient
  readonly journal: Journal
  readonly names: Names
  readonly copyId: string
  /** Nothing is known of what a pod before has done, which may be all there was to do. */
  readonly isBlind: boolean
  /** Whether what is written belongs to whom it belonged: takes the right to give files away. */
  readonly keepsOwner: boolean
  /** Those to keep of what is copied; absent: none. */
  readonly attributes?: Attributes | undefined
  readonly signal: AbortSignal
  readonly retrying: (why: string) => void
  /** Bytes between two lines of the journal about one file. */
  readonly stepBytes?: number
}

export interface Source {
  readonly place: Place
  readonly entry: Entry
  /** What the journal calls it. */
  readonly path: Buffer
}

/**
 * Brings a file or a symbolic link to its place in a directory, under its name or what `conflict` makes of that: written
 * aside, synced, told to the journal, renamed. `there`: an earlier pod had done that; `skipped`: its name was taken.
 */
export async function placeFile(
  directory: Buffer,
  name: Buffer,
  source: Source,
  placing: Placing,
): Promise<"placed" | "there" | "skipped"> {
  const { journal, names, copyId } = placing
  if (await isThere(directory, source, journal)) return "there"
  if (placing.isBlind && (await foundAgain(directory, name, source, placing))) return "there"
  let chosen = await names.choose(directory, name)
  if (chosen === undefined) return "skipped"
  const part = childPath(directory, partName(copyId, name))
  try {
    const bytes = await (source.entry.type === "symlink" ? makeLink : writeFile)(part, source, placing)
    // it may have taken hours: somebody else may have taken the name since
    names.release(directory, chosen)
    chosen = await names.choose(directory, name)
    if (chosen === undefined) {
      await unlink(part)
      return "skipped"
    }
    const inode = (await statOf(part))?.ino
    if (inode === undefined) throw new RecoveryError("Internal", "What was just written is gone.")
    await journal.place(source.path, { name: chosen, inode, bytes })
    await rename(part, childPath(directory, chosen))
    return "placed"
  } catch (error) {
    if (!goesOn(error)) await remove(part)
    throw error
  } finally {
    if (chosen !== undefined) names.release(directory, chosen)
  }
}

/**
 * Whether an earlier pod has placed it; if that was kept from the rename, it doesn't count. Some file systems give other
 * inode numbers after each mount: there size and time have to do.
 */
async function isThere(directory: Buffer, { path, entry }: Source, journal: Journal): Promise<boolean> {
  const before = journal.placed(path)
  if (!before) return false
  const there = await statOf(childPath(directory, before.name))
  if (there?.isSymbolicLink() && there.ino === before.inode) return true
  if (there?.isFile() && there.size === BigInt(before.bytes)) {
    if (there.ino === before.inode || hasTimeOf(there, entry)) return true
  }
  journal.forget(path)
  return false
}

async function makeLink(part: Buffer, { entry }: Source, { keepsOwner }: Placing): Promise<number> {
  await remove(part)
  await symlink(percentDecode(entry.linkTarget ?? ""), part)
  if (keepsOwner) await lchown(part, entry.uid, entry.gid)
  await lutimes(part, timeOf(entry), timeOf(entry))
  return 0
}

async function writeFile(part: Buffer, { place, entry, path }: Source, placing: Placing): Promise<number> {
  const { files, journal, keepsOwner, signal, retrying } = placing
  const step = placing.stepBytes ?? stepBytes
  const { bytes: reached = 0, etag = "" } = await usable(part, journal.partial(path))
  if (reached === 0) await remove(part)
  const file = await open(part, O_WRONLY | O_NOFOLLOW | (reached === 0 ? O_CREAT | O_EXCL : 0), 0o600)
  try {
    const range = reached === 0 ? { start: 0 } : { start: reached, etag }
    const content = await persist(() => files.content(place, range, signal), signal, retrying)
    let position = reached
    let told = reached
    for await (const chunk of download(files, place, content, signal, retrying)) {
      await writeSparse(file, chunk, position)
      position += chunk.length
      if (position - told < step || position === content.sizeBytes) continue
      await file.truncate(position)
      await file.datasync()
      await journal.reached(path, { bytes: position, etag: content.etag })
      told = position
    }
    await file.truncate(position)
    placing.attributes?.apply(part, place, entry.mode)
    if (keepsOwner) await file.chown(entry.uid, entry.gid)
    await file.chmod(entry.mode & 0o777)
    await file.utimes(timeOf(entry), timeOf(entry))
    await file.sync()
    return position
  } finally {
    await file.close()
  }
}

/** How much of what an earlier pod wrote can be gone on with. */
async function usable(part: Buffer, known: ReturnType<Journal["partial"]>): Promise<{ bytes?: number; etag?: string }> {
  const there = await statOf(part)
  return known && there?.isFile() && there.size >= BigInt(known.bytes) ? known : {}
}

async function remove(path: Buffer): Promise<void> {
  if (await statOf(path)) await unlink(path)
}
