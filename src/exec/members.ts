import { reasonOf, RecoveryError } from "../api/reasons.ts"
import { memberPath } from "../extract/member-path.ts"
import { displayName } from "../files/names.ts"
import { padding } from "../files/tar/block.ts"
import type { TarHeader } from "../files/tar/header.ts"
import { readTar } from "../files/tar/reader.ts"
import { paxHeader } from "../files/tar/writer.ts"
import { wordsOf } from "./place.ts"

export interface Renaming {
  /** The path asked for, within the volume. */
  readonly from: readonly Buffer[]
  /** What it is called in the archive. What doesn't lie below `from` is left out, and a problem. */
  readonly as: readonly Buffer[]
  /** Pipes and devices are wanted. */
  readonly keepsSpecial: boolean
  readonly named: (name: Buffer) => void
  /** Told of each pipe and device that is left out. */
  readonly ignored: (name: Buffer) => void
  readonly problem: (what: string, error: unknown) => void
}

/** An archive broke off within a file: nothing can follow. */
export class BrokenOff extends RecoveryError {}

/** The members of the file service's archive under the names that were asked for, without an end mark. */
export async function* archived(tar: AsyncIterable<Buffer>, renaming: Renaming): AsyncGenerator<Buffer> {
  for await (const { header, body } of readTar(tar)) {
    const own = renamed(header, renaming)
    if (own === undefined) continue
    if (!renaming.keepsSpecial && isSpecial(own)) {
      renaming.ignored(own.name)
      continue
    }
    renaming.named(own.name)
    yield paxHeader(own)
    try {
      yield* body
    } catch (cause) {
      throw new BrokenOff(reasonOf(cause), `${displayName(own.name)}: ${wordsOf(cause)}`, { cause })
    }
    yield padding(own.sizeBytes)
  }
}

const isSpecial = ({ type }: TarHeader) => type === "fifo" || type === "char" || type === "block"

function renamed(header: TarHeader, { from, as, problem }: Renaming): TarHeader | undefined {
  const below = (name: Buffer) => joined([...as, ...memberPath(name, { from, as: Buffer.alloc(0) }).slice(1)])
  try {
    const { type, sizeBytes } = header
    const name = below(header.name)
    return {
      ...header,
      name: type === "directory" ? Buffer.concat([name, Buffer.from("/")]) : name,
      linkName: type === "hardlink" ? below(header.linkName) : header.linkName,
      sizeBytes: type === "file" ? sizeBytes : 0,
    }
  } catch (error) {
    problem(displayName(header.name), error)
    return undefined
  }
}

/** Without a slash in front; `.` for what is asked for as that. */
function joined(components: readonly Buffer[]): Buffer {
  if (components.length === 0) return Buffer.from(".")
  return Buffer.concat(components.flatMap((part, at) => (at === 0 ? [part] : [Buffer.from("/"), part])))
}
