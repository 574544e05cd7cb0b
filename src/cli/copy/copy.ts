import { humanBytes } from "../../api/bytes.ts"
import { RecoveryError } from "../../api/reasons.ts"
import type { Entry } from "../../files/schemas.ts"
import type { Content, FilesClient, Place } from "../../client/files-client.ts"
import { counted } from "../counted.ts"
import { AttributeKeeper } from "../../extract/attributes.ts"
import { secondsOf } from "../../extract/file-time.ts"
import { extractTar } from "../../extract/extract.ts"
import { printable } from "../printable.ts"
import type { Progress } from "../progress.ts"
import type { Destination } from "./destination.ts"
import { download } from "../../client/download.ts"
import { writeResumable } from "./resumable.ts"

export interface CopyOptions {
  readonly files: FilesClient
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly preserveSpecial: boolean
  readonly numericOwner: boolean
  /** Keeps ACLs and extended attributes. */
  readonly xattrs: boolean
  /** An earlier call's part is gone on with, and one is left. */
  readonly resume: boolean
  /** Told of everything left out of a directory. */
  readonly skipped: (name: string, why: string) => void
  /** Told of device nodes and fifos left out. */
  readonly special: (name: string) => void
  /** Told of attributes left out that give power. */
  readonly withheld: (name: string) => void
  /** Told of each file that is not what the session has. */
  readonly differs: (name: string, why: string) => void
}

/** Copies one file, following a symbolic link within the volume, with its mode and time. */
export async function copyFile(place: Place, to: Destination, options: CopyOptions): Promise<void> {
  const { files, progress, signal } = options
  const entry = await files.stat(place)
  if (entry.type === "directory")
    throw new RecoveryError("IsADirectory", `${entry.display || `/${place.volume}`} is a directory: copy it with -r.`)
  const content = await files.content(place, { start: 0 }, signal)
  const { sizeBytes } = content
  progress.expect(sizeBytes)
  const isItself = entry.type === "file"
  const mode = isItself ? permissionsOf(entry, options) : 0o644
  const modified = isItself ? secondsOf(entry.mtime) : (content.modified ?? new Date()).getTime() / 1000
  const keepsOwner = isItself && (options.preserveSpecial || options.numericOwner)
  await writeResumable({
    ...to,
    identity: options.resume && content.etag !== "" ? content.etag : undefined,
    sizeBytes,
    metadata: { mode, mtime: modified, ...(keepsOwner && { owner: { uid: entry.uid, gid: entry.gid } }) },
    from: (start) => counted(bytesFrom(start, place, content, options), (bytes) => progress.add({ bytes })),
    kept: (bytes) => progress.say(`kept ${humanBytes(bytes)}; the same command goes on from there`),
  })
  progress.add({ files: 1 })
}

/** What isn't here yet of a file, in as many tries as it takes. */
async function* bytesFrom(start: number, place: Place, first: Content, options: CopyOptions): AsyncGenerator<Buffer> {
  const { files, progress, signal } = options
  const waiting = (why: string) => progress.say(`waiting: ${printable(why)}`)
  if (start === 0) return yield* download(files, place, first, signal, waiting)
  first.cancel()
  progress.skip(start)
  progress.say(`going on at ${humanBytes(start)} of ${humanBytes(first.sizeBytes)}`)
  if (start === first.sizeBytes) return
  const rest = await files.content(place, { start, etag: first.etag }, signal)
  yield* download(files, place, rest, signal, waiting)
}

/** Copies a file or a directory and everything below it, links as links. */
export async function copyTree(place: Place, to: Destination, options: CopyOptions): Promise<void> {
  const { files, progress, signal, preserveSpecial, numericOwner, skipped, special } = options
  const stream = await files.tar(place, signal)
  const attributes = options.xattrs
    ? new AttributeKeeper({ privileged: preserveSpecial, withheld: options.withheld, lost: options.skipped })
    : undefined
  await extractTar(stream, {
    into: to.directory,
    as: to.name,
    from: place.components,
    preserveSpecial,
    ...(numericOwner && { numericOwner }),
    skipped,
    special,
    progress: (change) => progress.add(change),
    ...(attributes && { attributes }),
  })
  attributes?.flush()
}

function permissionsOf(entry: Entry, { preserveSpecial }: CopyOptions): number {
  return preserveSpecial ? entry.mode : entry.mode & 0o777
}
