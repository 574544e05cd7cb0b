import { createHash } from "node:crypto"
import { constants, type Stats } from "node:fs"
import { lstatSync, renameSync, rmSync, unlinkSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { RecoveryError } from "../api/reasons.ts"
import { displayName } from "../files/names.ts"
import { fileTime } from "./file-time.ts"

/** Longest name most file systems take, in bytes. */
const maxNameBytes = 255
const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants

export interface FileMetadata {
  readonly mode: number
  /** Seconds since the epoch. */
  readonly mtime: number
  readonly owner?: { readonly uid: number; readonly gid: number }
}

/**
 * Writes a file next to its place, as `.NAME.part`, and moves it there when it is complete with mode and time: what has
 * the name is whole, or what was there before. Nothing is ever opened that exists already, so no link is followed.
 */
export async function writePartFile(
  directory: Buffer,
  name: Buffer,
  body: AsyncIterable<Buffer>,
  metadata: FileMetadata,
): Promise<void> {
  const part = freePartName(directory, name)
  const file = await open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    try {
      await fill(file, body, 0)
      await setMetadata(file, metadata)
    } finally {
      await file.close()
    }
    moveInto(part, directory, name)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
}

/** Writes from a position on, to the end of the body; the file is as long as what has come, also when it breaks off. */
export async function fill(file: FileHandle, body: AsyncIterable<Buffer>, from: number): Promise<void> {
  let position = from
  try {
    for await (const chunk of body) {
      await writeSparse(file, chunk, position)
      position += chunk.length
    }
  } finally {
    await file.truncate(position)
  }
}

export async function setMetadata(file: FileHandle, { mode, mtime, owner }: FileMetadata): Promise<void> {
  if (owner) await file.chown(owner.uid, owner.gid)
  await file.chmod(mode)
  await file.utimes(fileTime(mtime), fileTime(mtime))
}

/** Makes something that isn't a regular file (a link, a fifo) under a free name, then moves it to its own. */
export function placePart(directory: Buffer, name: Buffer, make: (part: Buffer) => void): void {
  const part = freePartName(directory, name)
  make(part)
  try {
    moveInto(part, directory, name)
  } catch (error) {
    unlinkSync(part)
    throw error
  }
}

/** Puts what is complete in its place. */
export function moveInto(part: Buffer, directory: Buffer, name: Buffer): void {
  renameSync(part, childPath(directory, name))
  // renaming one hard link of a file to another does nothing, and says so to nobody (POSIX rename)
  if (statOf(part)) unlinkSync(part)
}

function freePartName(directory: Buffer, name: Buffer): Buffer {
  for (let attempt = 0; attempt < 100; attempt++) {
    const path = childPath(directory, partName(name, attempt))
    if (!statOf(path)) return path
  }
  throw new RecoveryError("AccessDenied", `Remove the files .${displayName(name)}.part* of earlier copies.`)
}

function partName(name: Buffer, attempt: number): Buffer {
  const suffix = attempt === 0 ? ".part" : `.part${attempt}`
  const whole = Buffer.concat([Buffer.from("."), name, Buffer.from(suffix)])
  if (whole.length <= maxNameBytes) return whole
  const hash = createHash("sha256").update(name).digest("hex").slice(0, 16)
  return Buffer.concat([Buffer.from("."), name.subarray(0, 200), Buffer.from(`.${hash}${suffix}`)])
}

/** Writes a chunk at a place. Zeros stay holes: the file becomes as sparse as it may have been. Truncate it at the end. */
export async function writeSparse(file: FileHandle, chunk: Buffer, position: number): Promise<void> {
  if (!isZero(chunk)) await writeAll(file, chunk, position)
}

async function writeAll(file: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let done = 0; done < chunk.length;)
    done += (await file.write(chunk, done, chunk.length - done, position + done)).bytesWritten
}

const zeros = Buffer.alloc(64 * 1024)

function isZero(chunk: Buffer): boolean {
  for (let at = 0; at < chunk.length; at += zeros.length) {
    const piece = chunk.subarray(at, at + zeros.length)
    if (piece.compare(zeros, 0, piece.length) !== 0) return false
  }
  return true
}

/** Joined as bytes: nothing is normalised, unlike node:path. */
export function childPath(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from("/"), name])
}

/** What is at the path itself, undefined when nothing is. */
export function statOf(path: Buffer): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}
