import { RecoveryError } from "../../api/reasons.ts"

/** One member of a tar archive as its header says, extended headers already applied. Names are bytes. */
export interface TarHeader {
  readonly type: TarType
  readonly name: Buffer
  /** Target of a hard link (a member's name) or of a symbolic link (any text). */
  readonly linkName: Buffer
  readonly sizeBytes: number
  /** Permission bits with set-user-ID and the like. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Seconds since the epoch. */
  readonly mtime: number
  readonly deviceMajor: number
  readonly deviceMinor: number
  /** ACLs and extended attributes, as GNU tar writes them: `SCHILY.acl.access`, `SCHILY.xattr.user.origin`... */
  readonly attributes?: ReadonlyMap<string, Buffer>
}

export type TarType = "file" | "hardlink" | "symlink" | "char" | "block" | "directory" | "fifo"

/** A header block as it stands in the archive: 512 bytes, POSIX ustar or GNU. */
export interface RawHeader extends Omit<TarHeader, "type"> {
  /** The type flag: "0" a file, "5" a directory, "x" an extended header, "L" a GNU long name... */
  readonly flag: string
}

export const blockBytes = 512

/** Reads a header block; undefined for a block of zeros. Throws ProtocolError when the checksum is wrong. */
export function parseHeader(block: Buffer): RawHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined
  if (checksum(block) !== number(block, 148, 8)) throw damaged("a header with a wrong checksum")
  const posix = block.toString("latin1", 257, 263) === "ustar\0"
  const prefix = posix ? text(block, 345, 155) : Buffer.alloc(0)
  const name = text(block, 0, 100)
  return {
    flag: block.toString("latin1", 156, 157),
    name: prefix.length > 0 ? Buffer.concat([prefix, Buffer.from("/"), name]) : name,
    linkName: text(block, 157, 100),
    sizeBytes: number(block, 124, 12),
    mode: number(block, 100, 8) & 0o7777,
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    mtime: number(block, 136, 12),
    deviceMajor: number(block, 329, 8),
    deviceMinor: number(block, 337, 8),
  }
}

/** The sum of all bytes, the checksum's own field counted as spaces. */
function checksum(block: Buffer): number {
  let sum = 8 * 0x20
  for (let at = 0; at < blockBytes; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0
  return sum
}

function text(block: Buffer, at: number, length: number): Buffer {
  const field = block.subarray(at, at + length)
  const end = field.indexOf(0)
  // a copy: the block's memory is used again
  return Buffer.from(end === -1 ? field : field.subarray(0, end))
}

/** Octal digits, or base 256 when the first bit is set (GNU, for what doesn't fit). */
function number(block: Buffer, at: number, length: number): number {
  const field = block.subarray(at, at + length)
  const first = field[0] ?? 0
  if (first === 0x80 || first === 0xff) {
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + (first === 0xff ? byte - 255 : byte), 0)
    const signed = first === 0xff ? value - 1 : value
    if (!Number.isSafeInteger(signed)) throw damaged("a number that is too large")
    return signed
  }
  const digits = field.toString("latin1").replace(/\0.*$/s, "").trim()
  if (!/^[0-7]*$/.test(digits)) throw damaged("a number that is none")
  return digits === "" ? 0 : Number.parseInt(digits, 8)
}

/** The error of an archive that breaks the format. */
export function damaged(what: string): RecoveryError {
  return new RecoveryError("ProtocolError", `The archive is damaged: it holds ${what}.`)
}
