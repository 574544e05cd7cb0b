import { lchownSync, linkSync, lutimesSync, symlinkSync } from "node:fs"
import { RecoveryError } from "../api/reasons.ts"
import { displayName } from "../files/names.ts"
import { splitPath } from "../files/path.ts"
import type { TarHeader } from "../files/tar/header.ts"
import { readTar, type TarMember } from "../files/tar/reader.ts"
import { type FileMetadata, placePart, writePartFile } from "./part-file.ts"
import { SafeTree } from "./safe-tree.ts"
import { makeSpecial } from "./special.ts"

export interface ExtractOptions {
  /** An existing directory of this machine. */
  readonly into: Buffer
  /** What the copy is called there. */
  readonly as: Buffer
  /** The path asked for, within the archive: it becomes `as`, and whatever isn't below it is refused. */
  readonly from: readonly Buffer[]
  /** Keeps owners, set-user-ID bits, device nodes and fifos. For root. */
  readonly preserveSpecial: boolean
  /** Called for each member that was refused or couldn't be written, with its name for people and the reason. */
  readonly skipped: (name: string, why: string) => void
  /** Called for each device node and fifo left out because nobody asked for them. */
  readonly special: (name: string) => void
  readonly progress?: (change: { files: number; bytes: number }) => void
}

/**
 * Unpacks a tar stream from a stranger. Nothing is written outside of `into`/`as`, nor through a link; a member that
 * tries, or that can't be written, is left out and reported, and the others go on. Throws when the stream itself breaks.
 */
export async function extractTar(stream: AsyncIterable<Buffer>, options: ExtractOptions): Promise<void> {
  const tree = new SafeTree(options.into)
  for await (const member of readTar(stream)) {
    const body = counted(member.body, (bytes) => options.progress?.({ files: 0, bytes }))
    const { type, name } = member.header
    const shown = displayName(name.subarray(0, maxPathBytes))
    if (!options.preserveSpecial && (type === "char" || type === "block" || type === "fifo")) {
      options.special(shown)
      continue
    }
    try {
      await place(tree, { header: member.header, body: body.chunks }, options)
      options.progress?.({ files: 1, bytes: 0 })
    } catch (error) {
      // the stream broke, or no other file will fit either
      if (body.broken() || isFull(error)) throw error
      options.skipped(shown, error instanceof Error ? error.message : String(error))
    }
  }
  tree.finish()
}

async function place(tree: SafeTree, { header, body }: TarMember, options: ExtractOptions): Promise<void> {
  const components = safeComponents(header.name, options)
  const metadata = metadataOf(header, options.preserveSpecial)
  if (header.type === "directory") return tree.directory(components, metadata)
  const directory = tree.parentOf(components)
  const name = components.at(-1) ?? options.as
  switch (header.type) {
    case "file":
      return writePartFile(directory, name, body, metadata)
    case "symlink":
      if (header.linkName.length > maxPathBytes)
        throw new RecoveryError("UnsafePath", `it leads to a name of more than ${maxPathBytes} bytes`)
      return placePart(directory, name, (part) => {
        symlinkSync(header.linkName, part)
        if (metadata.owner) lchownSync(part, metadata.owner.uid, metadata.owner.gid)
        lutimesSync(part, metadata.mtime, metadata.mtime)
      })
    case "hardlink": {
      const target = tree.regularFile(safeComponents(header.linkName, options))
      return placePart(directory, name, (part) => linkSync(target, part))
    }
    default:
      return placePart(directory, name, (part) => makeSpecial(part, header, metadata))
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && ["ENOSPC", "EDQUOT", "EROFS"].includes(String(error.code))
}

/** PATH_MAX of Linux. The archive may hold longer texts, of megabytes: they are neither taken apart nor shown. */
const maxPathBytes = 4096

/** Where a member's name leads to, below `into`. */
function safeComponents(name: Buffer, { from, as }: ExtractOptions): Buffer[] {
  if (name.length > maxPathBytes) throw new RecoveryError("UnsafePath", `its name has more than ${maxPathBytes} bytes`)
  if (name.includes(0)) throw new RecoveryError("UnsafePath", "its name holds a NUL byte")
  if (name[0] === 0x2f) throw new RecoveryError("UnsafePath", "its name is absolute")
  const components = splitPath(name)
  if (components.some((part) => part.equals(Buffer.from(".."))))
    throw new RecoveryError("UnsafePath", 'its name holds ".."')
  if (!from.every((part, at) => components[at]?.equals(part)))
    throw new RecoveryError("UnsafePath", "it lies outside of what was asked for")
  return [as, ...components.slice(from.length)]
}

/** Seconds since the epoch every file system can hold: from 1970 to 2242. */
const latest = 2 ** 33

function metadataOf({ mode, uid, gid, ...header }: TarHeader, preserveSpecial: boolean): FileMetadata {
  const mtime = Math.min(Math.max(0, header.mtime), latest)
  return preserveSpecial ? { mode, mtime, owner: { uid, gid } } : { mode: mode & 0o777, mtime }
}

/** Passes a body on, counts it, and remembers whether it was the stream that failed rather than the writing. */
function counted(body: AsyncIterable<Buffer>, count: (bytes: number) => void) {
  let failed = false
  async function* chunks() {
    try {
      for await (const chunk of body) {
        count(chunk.length)
        yield chunk
      }
    } catch (error) {
      failed = true
      throw error
    }
  }
  return { chunks: chunks(), broken: () => failed }
}
