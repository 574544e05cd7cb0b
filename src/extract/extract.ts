import { lchownSync, linkSync, lutimesSync, symlinkSync } from "node:fs"
import { RecoveryError } from "../api/reasons.ts"
import { displayName } from "../files/names.ts"
import type { TarHeader } from "../files/tar/header.ts"
import { readTar, type TarMember } from "../files/tar/reader.ts"
import type { AttributeSink } from "./attributes.ts"
import { fileTime } from "./file-time.ts"
import { maxPathBytes, memberPath, type Renaming } from "./member-path.ts"
import { childPath, type FileMetadata, placePart, writePartFile } from "./part-file.ts"
import { SafeTree } from "./safe-tree.ts"
import { makeSpecial } from "./special.ts"

export interface ExtractOptions extends Renaming {
  /** An existing directory of this machine. */
  readonly into: Buffer
  /** Keeps owners, set-user-ID bits, device nodes and fifos. For root. */
  readonly preserveSpecial: boolean
  /** Keeps owners only, by their numbers. For root. */
  readonly numericOwner?: boolean
  /** Called for each member that was refused or couldn't be written, with its name for people and the reason. */
  readonly skipped: (name: string, why: string) => void
  /** Called for each device node and fifo left out because nobody asked for them. */
  readonly special: (name: string) => void
  /** Takes the ACLs and extended attributes of what was placed; absent: they are not kept. */
  readonly attributes?: AttributeSink
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
      const placed = await place(tree, { header: member.header, body: body.chunks }, options)
      if (placed && member.header.attributes)
        options.attributes?.add(placed, member.header.attributes, member.header.mode)
      options.progress?.({ files: 1, bytes: 0 })
    } catch (error) {
      // the stream broke, or no other file will fit either
      if (body.broken() || isFull(error)) throw error
      options.skipped(shown, error instanceof Error ? error.message : String(error))
    }
  }
  tree.finish()
}

/** Resolves to the path of a file or directory that can have attributes of its own. */
async function place(
  tree: SafeTree,
  { header, body }: TarMember,
  options: ExtractOptions,
): Promise<Buffer | undefined> {
  const components = memberPath(header.name, options)
  const metadata = metadataOf(header, options)
  if (header.type === "directory") return tree.directory(components, metadata)
  const directory = tree.parentOf(components)
  const name = components.at(-1) ?? options.as
  switch (header.type) {
    case "file":
      await writePartFile(directory, name, body, metadata)
      return childPath(directory, name)
    case "symlink":
      if (header.linkName.length > maxPathBytes)
        throw new RecoveryError("UnsafePath", `it leads to a name of more than ${maxPathBytes} bytes`)
      placePart(directory, name, (part) => {
        symlinkSync(header.linkName, part)
        if (metadata.owner) lchownSync(part, metadata.owner.uid, metadata.owner.gid)
        lutimesSync(part, fileTime(metadata.mtime), fileTime(metadata.mtime))
      })
      return undefined
    case "hardlink": {
      const target = tree.regularFile(memberPath(header.linkName, options))
      placePart(directory, name, (part) => linkSync(target, part))
      return undefined
    }
    default:
      placePart(directory, name, (part) => makeSpecial(part, header, metadata))
      return undefined
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && "code" in error && ["ENOSPC", "EDQUOT", "EROFS"].includes(String(error.code))
}

function metadataOf({ mode, mtime, uid, gid }: TarHeader, options: ExtractOptions): FileMetadata {
  const { preserveSpecial, numericOwner = preserveSpecial } = options
  return { mode: preserveSpecial ? mode : mode & 0o777, mtime, ...(numericOwner && { owner: { uid, gid } }) }
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
