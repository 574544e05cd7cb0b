import { blockBytes, type RawHeader, type TarType } from "./header.ts"

/** Type flags that headers are written with. */
export const flags: Readonly<Record<TarType, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  char: "3",
  block: "4",
  directory: "5",
  fifo: "6",
}

/** The largest numbers that octal fields of 11 and of 7 digits hold. */
export const mostOctal = 8 ** 11 - 1
export const mostShortOctal = 8 ** 7 - 1
/** Bytes of a name or link target that a header has room for. */
export const longestName = 100

/** What tells the formats apart: POSIX's, which pax goes by, and GNU's. */
const magic = { posix: "ustar\x0000", gnu: "ustar  \0" } as const

/** A header block; what it has no room for is cut off (names, times), or written in base 256 (numbers). */
export function headerBlock(header: RawHeader, format: keyof typeof magic): Buffer {
  const { name, linkName, sizeBytes, mode, uid, gid, mtime, flag } = header
  const block = Buffer.alloc(blockBytes)
  name.copy(block, 0, 0, longestName)
  linkName.copy(block, 157, 0, longestName)
  octal(block, 100, 8, mode)
  octal(block, 108, 8, uid)
  octal(block, 116, 8, gid)
  octal(block, 124, 12, sizeBytes)
  octal(block, 136, 12, Math.min(Math.max(0, Math.floor(mtime)), mostOctal))
  block.write(flag, 156, "latin1")
  block.write(magic[format], 257, "latin1")
  octal(block, 329, 8, header.deviceMajor)
  octal(block, 337, 8, header.deviceMinor)
  block.fill(" ", 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1")
  return block
}

/** What ends a member's data: zeros up to a whole block. */
export function padding(sizeBytes: number): Buffer {
  return Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes)
}

/** What ends an archive. */
export const endOfArchive = Buffer.alloc(2 * blockBytes)

/** Bytes that tars read at a time, unless they are told otherwise. */
const recordBytes = 20 * blockBytes

/**
 * What ends an archive whose members end at `at`, up to a whole record and no further: a tar stops reading behind the record
 * with the end, and who still writes to it then is told that nobody reads.
 */
export function endOfLastRecord(at: number): Buffer {
  const end = Math.ceil((at + endOfArchive.length) / recordBytes) * recordBytes
  return Buffer.alloc(end - at)
}

function octal(block: Buffer, at: number, length: number, value: number): void {
  const digits = value.toString(8)
  if (digits.length >= length) base256(block, at, length, value)
  else block.write(`${digits.padStart(length - 1, "0")}\0`, at, "latin1")
}

function base256(block: Buffer, at: number, length: number, value: number): void {
  let rest = value
  for (let index = at + length - 1; index > at; index--) {
    block[index] = rest % 256
    rest = Math.floor(rest / 256)
  }
  block[at] = 0x80
}
