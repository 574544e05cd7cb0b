import { RecoveryError } from "../api/reasons.ts"
import { splitPath } from "../files/path.ts"

/** What becomes of the names in an archive. */
export interface Renaming {
  /** What the copy is called. */
  readonly as: Buffer
  /** The path asked for, within the archive: it becomes `as`, and whatever isn't below it is refused. */
  readonly from: readonly Buffer[]
}

/** PATH_MAX of Linux. The archive may hold longer texts, of megabytes: they are neither taken apart nor shown. */
export const maxPathBytes = 4096

/** Where a member's name leads to: `as` first, then what is below it. Throws UnsafePath for any other way. */
export function memberPath(name: Buffer, { from, as }: Renaming): Buffer[] {
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
