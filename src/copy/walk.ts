import { constants } from "node:fs"
import { chmod, mkdir, open } from "node:fs/promises"
import { RecoveryError } from "../api/reasons.ts"
import { persist } from "../client/download.ts"
import type { Place } from "../client/files-client.ts"
import { childPath } from "../extract/part-file.ts"
import { displayName, percentDecode } from "../files/names.ts"
import { joinPath } from "../files/path.ts"
import type { Entry } from "../files/schemas.ts"
import { Attributes } from "./attributes.ts"
import { statOf, timeOf } from "./destination.ts"
import { isFatal } from "./failures.ts"
import { placeFile, type Placing } from "./place-file.ts"
import { inParallel } from "./in-parallel.ts"

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants
/** Files that are written at once: as many as the client has connections. */
const atOnce = 4

export interface Walk extends Placing {
  readonly keepsAttributes: boolean
  /** Which of the places is being copied: what two of them have in common is copied twice. */
  readonly at: number
  /** Something that was not copied, and why. */
  readonly failed: (place: Place, error: unknown) => void
  readonly skipped: () => void
}

/** Copies what is at a place, and all below it, into a directory that exists. Throws what no other file would survive. */
export async function copyPlace(directory: Buffer, place: Place, walk: Walk): Promise<void> {
  const name = place.components.at(-1) ?? Buffer.from(place.volume)
  await orFail(walk, place, async () => {
    const { files, signal, retrying, keepsAttributes } = walk
    const entry = await persist(() => files.stat(place), signal, retrying)
    const attributes = keepsAttributes
      ? await persist(() => Attributes.read(files, place, signal), signal, retrying)
      : undefined
    await copyEntry(directory, name, { place, entry, path: journalPath(walk, place) }, { ...walk, attributes })
  })
}

async function copyEntry(
  directory: Buffer,
  name: Buffer,
  source: { place: Place; entry: Entry; path: Buffer },
  walk: Walk,
): Promise<"skipped" | "done" | "incomplete"> {
  switch (source.entry.type) {
    case "directory":
      return (await copyDirectory(directory, name, source, walk)) ? "done" : "incomplete"
    case "file":
    case "symlink":
      if ((await placeFile(directory, name, source, walk)) !== "skipped") return "done"
      walk.skipped()
      return "skipped"
    default:
      // devices, pipes and sockets would need rights that a copy doesn't have
      walk.skipped()
      return "skipped"
  }
}

/** False when something in it, however deep, was not copied: the next pod looks at it again. */
async function copyDirectory(
  parent: Buffer,
  name: Buffer,
  { place, entry, path }: { place: Place; entry: Entry; path: Buffer },
  walk: Walk,
): Promise<boolean> {
  const { journal, files, signal, retrying } = walk
  if (journal.isComplete(path)) return true
  const isOurs = await enter(parent, name, path, walk)
  const directory = childPath(parent, name)
  let skipped = 0
  let failures = 0
  const copyOne = async (one: Entry) => {
    const inside = percentDecode(one.name)
    const below = { volume: place.volume, components: [...place.components, inside] }
    const source = { place: below, entry: one, path: journalPath(walk, below) }
    const done = await orFail(walk, below, async () => {
      if (!isPlain(inside)) throw new RecoveryError("UnsafePath", "Its name is none that a file can have.")
      return copyEntry(directory, inside, source, walk)
    })
    if (done === "skipped") skipped++
    if (done === undefined || done === "incomplete") failures++
  }
  for (let cursor: string | undefined = ""; cursor !== undefined;) {
    const from: string = cursor
    const page: { entries: Entry[]; next?: string | undefined } = await persist(
      () => files.page(place, from),
      signal,
      retrying,
    )
    const isDirectory = ({ type }: Entry) => type === "directory"
    await inParallel(
      atOnce,
      page.entries.filter((one) => !isDirectory(one)),
      copyOne,
    )
    for (const one of page.entries.filter((one) => isDirectory(one))) await copyOne(one)
    cursor = page.next
  }
  if (isOurs) walk.attributes?.apply(directory, place, entry.mode)
  await settle(directory, isOurs ? entry : undefined, walk)
  if (failures === 0) await journal.complete(path, skipped)
  return failures === 0
}

/** Makes sure of a directory; true when this copy has made it, so that its mode and time are ours to set. */
async function enter(parent: Buffer, name: Buffer, path: Buffer, { journal }: Walk): Promise<boolean> {
  const directory = childPath(parent, name)
  const there = await statOf(directory)
  if (there && !there.isDirectory())
    throw new RecoveryError("DestinationExists", `${displayName(name)} is there already, and is no directory.`)
  if (!there) {
    if (!journal.wasMade(path)) await journal.made(path)
    await mkdir(directory, 0o700)
    return true
  }
  const isOurs = journal.wasMade(path)
  // it may have its own mode already, which may forbid to write
  if (isOurs) await chmod(directory, 0o700)
  return isOurs
}

/** Names within are synced; then, if it is ours, what the directory itself looked like. */
async function settle(path: Buffer, entry: Entry | undefined, { keepsOwner }: Walk): Promise<void> {
  const directory = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  try {
    if (entry) {
      if (keepsOwner) await directory.chown(entry.uid, entry.gid)
      await directory.chmod(entry.mode & 0o777)
      await directory.utimes(timeOf(entry), timeOf(entry))
    }
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** What goes wrong with one file is told, and the others go on. */
async function orFail<T>(walk: Walk, place: Place, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work()
  } catch (error) {
    if (isFatal(error)) throw error
    walk.failed(place, error)
    return undefined
  }
}

const journalPath = ({ at }: Walk, { volume, components }: Place) =>
  joinPath([Buffer.from(String(at)), Buffer.from(volume), ...components])

function isPlain(name: Buffer): boolean {
  const text = name.toString("latin1")
  return text !== "" && text !== "." && text !== ".." && !/[/\0]/.test(text)
}
