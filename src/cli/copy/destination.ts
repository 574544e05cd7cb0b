import { statSync } from "node:fs"
import { basename, dirname } from "node:path"
import { RecoveryError } from "../../api/reasons.ts"

/** Where a copy goes: an existing directory, and the name it gets there. */
export interface Destination {
  readonly directory: Buffer
  readonly name: Buffer
}

/**
 * As cp(1) has it: into DEST under its own name when DEST is a directory, otherwise as DEST. Several sources need a
 * directory. `ownName` is what the source is called; it must be one plain name.
 */
export function chooseDestination(dest: string, ownName: Buffer, several: boolean): Destination {
  const there = statSync(dest, { throwIfNoEntry: false })
  if (there?.isDirectory()) {
    if (!isPlainName(ownName))
      throw new RecoveryError("UnsafePath", "The source has no name of its own; name the copy.")
    return { directory: Buffer.from(dest), name: ownName }
  }
  if (several || dest.endsWith("/")) throw new RecoveryError("UsageError", `${dest} is not a directory; make it first.`)
  const directory = dirname(dest)
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory())
    throw new RecoveryError("UsageError", `${directory} is not a directory; make it first.`)
  return { directory: Buffer.from(directory), name: Buffer.from(basename(dest)) }
}

function isPlainName(name: Buffer): boolean {
  const text = name.toString("latin1")
  return text !== "" && text !== "." && text !== ".." && !/[/\0]/.test(text)
}
