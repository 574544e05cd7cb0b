import { RecoveryError } from "../../api/reasons.ts"
import type { Entry } from "../../files/schemas.ts"
import type { FilesClient, Place } from "../../client/files-client.ts"
import { counted } from "../counted.ts"
import { extractTar } from "../../extract/extract.ts"
import { writePartFile } from "../../extract/part-file.ts"
import { printable } from "../printable.ts"
import type { Progress } from "../progress.ts"
import type { Destination } from "./destination.ts"
import { download } from "../../client/download.ts"

export interface CopyOptions {
  readonly files: FilesClient
  readonly progress: Progress
  readonly signal: AbortSignal
  readonly preserveSpecial: boolean
  /** Told of everything left out of a directory. */
  readonly skipped: (name: string, why: string) => void
  /** Told of device nodes and fifos left out. */
  readonly special: (name: string) => void
}

/** Copies one file, following a symbolic link within the volume, with its mode and time. */
export async function copyFile(place: Place, to: Destination, options: CopyOptions): Promise<void> {
  const { files, progress, signal } = options
  const entry = await files.stat(place)
  if (entry.type === "directory")
    throw new RecoveryError("IsADirectory", `${entry.display || `/${place.volume}`} is a directory: copy it with -r.`)
  const content = await files.content(place, { start: 0 }, signal)
  progress.expect(content.sizeBytes)
  const isItself = entry.type === "file"
  const mode = isItself ? permissionsOf(entry, options) : 0o644
  const modified = isItself ? new Date(entry.mtime) : (content.modified ?? new Date())
  const bytes = download(files, place, content, signal, (why) => progress.say(`waiting: ${printable(why)}`))
  await writePartFile(
    to.directory,
    to.name,
    counted(bytes, (bytes) => progress.add({ bytes })),
    {
      mode,
      mtime: modified.getTime() / 1000,
      ...(options.preserveSpecial && isItself ? { owner: { uid: entry.uid, gid: entry.gid } } : {}),
    },
  )
  progress.add({ files: 1 })
}

/** Copies a file or a directory and everything below it, links as links. */
export async function copyTree(place: Place, to: Destination, options: CopyOptions): Promise<void> {
  const { files, progress, signal, preserveSpecial, skipped, special } = options
  const stream = await files.tar(place, signal)
  await extractTar(stream, {
    into: to.directory,
    as: to.name,
    from: place.components,
    preserveSpecial,
    skipped,
    special,
    progress: (change) => progress.add(change),
  })
}

function permissionsOf(entry: Entry, { preserveSpecial }: CopyOptions): number {
  return preserveSpecial ? entry.mode : entry.mode & 0o777
}
