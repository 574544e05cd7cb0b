import { flags, headerBlock, longestName, padding } from "../../files/tar/block.ts"
import type { TarHeader } from "../../files/tar/header.ts"

/**
 * A member's header in GNU's format, which every tar reads that is found in containers (busybox's reads no pax): long
 * names and link targets in members of their own before it, large sizes in base 256.
 */
export function encodeHeader(header: TarHeader): Buffer {
  const { name, linkName } = header
  return Buffer.concat([
    ...(linkName.length > longestName ? [longText("K", linkName)] : []),
    ...(name.length > longestName ? [longText("L", name)] : []),
    headerBlock({ ...header, flag: flags[header.type] }, "gnu"),
  ])
}

function longText(flag: string, text: Buffer): Buffer {
  const body = Buffer.concat([text, Buffer.alloc(1)])
  const named = { flag, name: Buffer.from("././@LongLink"), linkName: Buffer.alloc(0), sizeBytes: body.length }
  const plain = { mode: 0o644, uid: 0, gid: 0, mtime: 0, deviceMajor: 0, deviceMinor: 0 }
  return Buffer.concat([headerBlock({ ...named, ...plain }, "gnu"), body, padding(body.length)])
}
