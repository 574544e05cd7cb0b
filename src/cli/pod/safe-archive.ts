import { RecoveryError } from "../../api/reasons.ts"
import { displayName } from "../../files/names.ts"
import { joinPath } from "../../files/path.ts"
import type { TarHeader } from "../../files/tar/header.ts"
import { readTar } from "../../files/tar/reader.ts"
import { maxPathBytes, memberPath, type Renaming } from "../../extract/member-path.ts"
import { padding } from "../../files/tar/block.ts"
import { encodeHeader } from "./tar-writer.ts"

export interface SafeArchiveOptions extends Renaming {
  readonly keepSpecial: boolean
  /** Told of each member that was left out. */
  readonly skipped: (name: string, why: string) => void
  readonly special: (name: string) => void
  readonly progress: (change: { files: number; bytes: number }) => void
}

/**
 * An archive from a stranger as one that somebody else's tar may unpack: every name lies below `as`, none leads through a
 * link of the archive or to a file outside of it, set-user-ID bits and devices are left out. Without the end of an archive,
 * so that others can follow.
 */
export async function* safeArchive(stream: AsyncIterable<Buffer>, options: SafeArchiveOptions): AsyncGenerator<Buffer> {
  const links = new Links()
  for await (const { header, body } of readTar(stream)) {
    const { type, name } = header
    const shown = displayName(name.subarray(0, maxPathBytes))
    if (!options.keepSpecial && (type === "char" || type === "block" || type === "fifo")) {
      options.special(shown)
      continue
    }
    const safe = renamed(header, options, links)
    if (typeof safe === "string") {
      options.skipped(shown, safe)
      continue
    }
    yield encodeHeader(safe)
    for await (const chunk of body) {
      options.progress({ files: 0, bytes: chunk.length })
      yield chunk
    }
    if (type === "file") yield padding(header.sizeBytes)
    options.progress({ files: 1, bytes: 0 })
  }
}

/** The member under its new name, or why it must not be handed on. */
function renamed(header: TarHeader, options: SafeArchiveOptions, links: Links): TarHeader | string {
  try {
    const components = memberPath(header.name, options)
    links.refuse(components.slice(0, -1))
    const name = joinPath(components).subarray(1)
    const mode = options.keepSpecial ? header.mode : header.mode & 0o777
    const sizeBytes = header.type === "file" ? header.sizeBytes : 0
    if (header.type === "symlink") {
      if (header.linkName.length > maxPathBytes)
        throw new RecoveryError("UnsafePath", `it leads to a name of more than ${maxPathBytes} bytes`)
      links.add(components)
      return { ...header, name, mode, sizeBytes }
    }
    // what a link was may be something else now
    links.delete(components)
    if (header.type !== "hardlink") return { ...header, name, mode, sizeBytes, linkName: Buffer.alloc(0) }
    const target = memberPath(header.linkName, options)
    links.refuse(target)
    return { ...header, name, mode, sizeBytes, linkName: joinPath(target).subarray(1) }
  } catch (error) {
    if (error instanceof RecoveryError) return error.message
    throw error
  }
}

/** The symbolic links of an archive, so that nothing is unpacked through one. */
class Links {
  readonly #paths = new Set<string>()

  add(components: readonly Buffer[]): void {
    this.#paths.add(key(components))
  }

  delete(components: readonly Buffer[]): void {
    this.#paths.delete(key(components))
  }

  /** Throws UnsafePath when a link is on the way, or at its end. */
  refuse(components: readonly Buffer[]): void {
    if (this.#paths.size === 0) return
    for (let depth = 1; depth <= components.length; depth++)
      if (this.#paths.has(key(components.slice(0, depth))))
        throw new RecoveryError("UnsafePath", "it leads through a symbolic link of the same copy")
  }
}

const key = (components: readonly Buffer[]) => joinPath(components).toString("latin1")
