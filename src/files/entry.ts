import { timeText } from "../api/nanoseconds.ts"
import { RecoveryError } from "../api/reasons.ts"
import { displayName, percentEncode } from "./names.ts"
import type { Entry, FileType } from "./schemas.ts"
import type { Attributes } from "./source.ts"

/** File type bits of st_mode, inode(7). */
const types: Record<number, FileType> = {
  0o010000: "fifo",
  0o020000: "char",
  0o040000: "directory",
  0o060000: "block",
  0o100000: "file",
  0o120000: "symlink",
  0o140000: "socket",
}

/** The type in st_mode. Throws VolumeCorrupt when it is none. */
export function fileType({ mode }: Attributes): FileType {
  const type = types[mode & 0o170000]
  if (type === undefined)
    throw new RecoveryError("VolumeCorrupt", `A file has the unknown type ${(mode & 0o170000).toString(8)}.`)
  return type
}

/** How the type is shown: a broken one as a socket, which is there, but not readable either. */
export function typeOf({ mode }: Attributes): FileType {
  return types[mode & 0o170000] ?? "socket"
}

/** How a file is described to clients. */
export function entryOf(name: Buffer, attributes: Attributes, linkTarget?: Buffer): Entry {
  return {
    name: percentEncode(name),
    display: displayName(name),
    type: typeOf(attributes),
    sizeBytes: attributes.sizeBytes,
    mode: attributes.mode & 0o7777,
    uid: attributes.uid,
    gid: attributes.gid,
    mtime: timeText(attributes.mtimeNs),
    ...(linkTarget === undefined ? {} : { linkTarget: percentEncode(linkTarget) }),
  }
}
