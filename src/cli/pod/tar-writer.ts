import { blockBytes, type TarHeader, type TarType } from "../../files/tar/header.ts"

const flags: Readonly<Record<TarType, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  char: "3",
  block: "4",
  directory: "5",
  fifo: "6",
}

/** The largest number that an octal field of 11 digits holds. */
const mostOctal = 8 ** 11 - 1
const longestName = 100

/**
 * A member's header in GNU's format, which every tar reads that is found in containers (busybox's reads no pax): long
 * names and link targets in members of their own before it, large sizes in base 256.
 */
export function encodeHeader(header: TarHeader): Buffer {
  const { name, linkName } = header
  return Buffer.concat([
    ...(linkName.length > longestName ? [longText("K", linkName)] : []),
    ...(name.length > longestName ? [longText("L", name)] : []),
    headerBlock(header, flags[header.type]),
  ])
}

/** What ends a member's data: zeros up to a whole block. */
export function padding(sizeBytes: number): Buffer {
  return Buffer.alloc((blockBytes - (sizeBytes % blockBytes)) % blockBytes)
}

/** What ends an archive. */
export const endOfArchive = Buffer.alloc(2 * blockBytes)

function longText(flag: string, text: Buffer): Buffer {
  const body = Buffer.concat([text, Buffer.alloc(1)])
  const named = { name: Buffer.from("././@LongLink"), linkName: Buffer.alloc(0), sizeBytes: body.length }
  const plain = { mode: 0o644, uid: 0, gid: 0, mtime: 0, deviceMajor: 0, deviceMinor: 0 }
  return Buffer.concat([headerBlock({ ...named, ...plain }, flag), body, padding(body.length)])
}

function headerBlock(header: Omit<TarHeader, "type">, flag: string): Buffer {
  const { name, linkName, sizeBytes, mode, uid, gid, mtime } = header
  const block = Buffer.alloc(blockBytes)
  name.copy(block, 0, 0, longestName)
  linkName.copy(block, 157, 0, longestName)
  octal(block, 100, 8, mode)
  octal(block, 108, 8, uid)
  octal(block, 116, 8, gid)
  if (sizeBytes > mostOctal) base256(block, 124, 12, sizeBytes)
  else octal(block, 124, 12, sizeBytes)
  octal(block, 136, 12, Math.min(Math.max(0, Math.floor(mtime)), mostOctal))
  block.write(flag, 156, "latin1")
  block.write("ustar  \0", 257, "latin1")
  octal(block, 329, 8, header.deviceMajor)
  octal(block, 337, 8, header.deviceMinor)
  block.fill(" ", 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1")
  return block
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
