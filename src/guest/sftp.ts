import { RecoveryError } from "../api/reasons.ts"
import { printable } from "./printable.ts"
import type { SftpAnswer, SftpChannel } from "./sftp-channel.ts"
import {
  maxReadBytes,
  maxTargetBytes,
  packetType,
  statusCode,
  type SftpAttributes,
  type SftpEntry,
} from "./sftp-wire.ts"

/** Reads of one file in flight: 8 of 255 KiB keep the channel busy. */
const readsInFlight = 8
const openForReading = 1

/** A byte range of a file: from `start` up to `end`, not included. */
export interface ReadRange {
  readonly start: number
  readonly end: number
  readonly signal?: AbortSignal
  /** What is read is lent: it may be overwritten as soon as more is asked for. That is quicker. */
  readonly lent?: boolean
}

/** What is at `path` itself (lstat), or behind symbolic links (stat); links can't lead out of the volume. */
export async function statPath(channel: SftpChannel, path: Buffer, follow: boolean): Promise<SftpAttributes> {
  const answer = await channel.request(follow ? packetType.stat : packetType.lstat, path)
  return expect(answer, packetType.attrs, path).attributes()
}

/** The target of a symbolic link as it is written there, 4,096 bytes at most. */
export async function readLink(channel: SftpChannel, path: Buffer): Promise<Buffer> {
  const fields = expect(await channel.request(packetType.readlink, path), packetType.name, path)
  if (fields.uint32() !== 1) throw new RecoveryError("ProtocolError", "The guest's file server sent no link target.")
  return Buffer.from(fields.string(maxTargetBytes))
}

/**
 * A directory's entries without `.` and `..`, in the order of the file system, about 100 at a time. What the guest can't look
 * at has no type. Rejects with VolumeCorrupt behind the last entry that can be read when that is not all.
 */
export async function* listDirectory(channel: SftpChannel, path: Buffer): AsyncGenerator<SftpEntry[], void, undefined> {
  const handle = await openHandle(channel, path, packetType.opendir)
  let strange = 0
  try {
    for (;;) {
      const answer = await channel.request(packetType.readdir, handle)
      if (isEnd(answer)) break
      const names = expect(answer, packetType.name, path).names()
      const entries = names.filter(isChild)
      strange += entries.filter(({ mode }) => (mode & 0o170000) === 0).length
      if (entries.length > 0) yield entries
      if (names.some(isBreak))
        throw new RecoveryError("VolumeCorrupt", `${printable(path)} is damaged: not all of it can be listed.`)
    }
    if (strange > 0)
      throw new RecoveryError(
        "VolumeCorrupt",
        `${strange} of the entries of ${printable(path)} can't be looked at: they are damaged, or their paths too long.`,
      )
  } finally {
    await closeHandle(channel, handle)
  }
}

function isChild({ name }: SftpEntry): boolean {
  const text = name.toString("latin1")
  return text !== "." && text !== ".." && text !== "/"
}

/** What jail.c lets a listing end with when the directory can't be read on: no entry can have that name. */
function isBreak({ name }: SftpEntry): boolean {
  return name.toString("latin1") === "/"
}

/** A file's bytes in order, with several reads in flight; ends early at the end of the file. */
export async function* readFile(
  channel: SftpChannel,
  path: Buffer,
  { start, end, signal }: ReadRange,
): AsyncGenerator<Buffer, void, undefined> {
  signal?.throwIfAborted()
  const handle = await openHandle(channel, path, packetType.open, openForReading, 0)
  const inFlight: Promise<Piece>[] = []
  let next = start
  try {
    for (;;) {
      while (next < end && inFlight.length < readsInFlight) {
        const length = Math.min(maxReadBytes, end - next)
        const piece = readPiece(channel, handle, path, next, length)
        piece.catch(() => undefined) // seen when its turn comes
        inFlight.push(piece)
        next += length
      }
      const piece = await inFlight.shift()?.catch((error: unknown) => explain(channel, path, error))
      if (piece === undefined) return
      signal?.throwIfAborted()
      for (const part of piece.parts) yield part
      signal?.throwIfAborted()
      if (piece.atEnd) return
    }
  } finally {
    await Promise.allSettled(inFlight)
    await closeHandle(channel, handle)
  }
}

/** The server tells a failed read only as that: what is it that was to be read? */
async function explain(channel: SftpChannel, path: Buffer, error: unknown): Promise<never> {
  if (!(error instanceof RecoveryError) || error.code !== "VolumeCorrupt") throw error
  const { mode } = await statPath(channel, path, true)
  const type = mode & 0o170000
  if (type === 0o040000) throw new RecoveryError("IsADirectory", `${printable(path)} is a directory.`, { cause: error })
  if (type !== 0o100000)
    throw new RecoveryError("AccessDenied", `${printable(path)} is no regular file: there is nothing to read.`, {
      cause: error,
    })
  throw error
}

interface Piece {
  readonly parts: readonly Buffer[]
  readonly atEnd: boolean
}

/** `length` bytes, or fewer at the end of the file: a server may answer with less and mean nothing by it. */
async function readPiece(
  channel: SftpChannel,
  handle: Buffer,
  path: Buffer,
  offset: number,
  length: number,
): Promise<Piece> {
  const parts: Buffer[] = []
  for (let have = 0; have < length;) {
    const answer = await channel.request(packetType.read, handle, BigInt(offset + have), length - have)
    if (isEnd(answer)) return { parts, atEnd: true }
    const data = expect(answer, packetType.data, path).string()
    if (data.length === 0 || data.length > length - have)
      throw new RecoveryError("ProtocolError", "The guest's file server sent more or less than was asked for.")
    parts.push(data)
    have += data.length
  }
  return { parts, atEnd: false }
}

async function openHandle(channel: SftpChannel, path: Buffer, type: number, ...fields: number[]): Promise<Buffer> {
  const answer = await channel.request(type, path, ...fields)
  return Buffer.from(expect(answer, packetType.handle, path).string())
}

/** The answer tells nothing, and a channel that has ended has no handles any more. */
async function closeHandle(channel: SftpChannel, handle: Buffer): Promise<void> {
  await channel.request(packetType.close, handle).catch(() => undefined)
}

/** End of file or directory. */
function isEnd({ type, fields }: SftpAnswer): boolean {
  return type === packetType.status && fields.peekUint32() === statusCode.endOfFile
}

function expect({ type, fields }: SftpAnswer, wanted: number, path: Buffer): SftpAnswer["fields"] {
  if (type === wanted) return fields
  if (type !== packetType.status)
    throw new RecoveryError("ProtocolError", "The guest's file server answered something else than was asked for.")
  throw statusError(fields.uint32(), printable(path))
}

function statusError(code: number, path: string): RecoveryError {
  switch (code) {
    case statusCode.noSuchFile:
      return new RecoveryError("PathNotFound", `${path}: no such file or directory.`)
    case statusCode.permissionDenied:
      return new RecoveryError("AccessDenied", `${path}: access denied; device nodes are never opened.`)
    case statusCode.badMessage:
      return new RecoveryError("PathNotFound", `${path}: the name is too long, or it is no symbolic link.`)
    default:
      return new RecoveryError("VolumeCorrupt", `${path} can't be read: an error of the file system or its disk.`)
  }
}
