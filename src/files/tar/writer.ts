import { flags, headerBlock, longestName, mostOctal, mostShortOctal, padding } from "./block.ts"
import type { TarHeader } from "./header.ts"

/**
 * A member's header in POSIX pax: what ustar's fields have no room for, ACLs and extended attributes stand in an extended
 * header before it. Names are written as the bytes they are.
 */
export function paxHeader(header: TarHeader): Buffer {
  const body = Buffer.concat(recordsOf(header).map(([key, value]) => record(key, value)))
  const own = headerBlock({ ...fitting(header), flag: flags[header.type] }, "posix")
  if (body.length === 0) return own
  // its name is seen only by who doesn't know pax; the same each time, so that archives of the same files are
  const name = Buffer.from("PaxHeaders/member")
  const extended = { ...header, flag: "x", name, linkName: Buffer.alloc(0), sizeBytes: body.length }
  return Buffer.concat([headerBlock({ ...fitting(extended), mode: 0o644 }, "posix"), body, padding(body.length), own])
}

function recordsOf(header: TarHeader): [string, Buffer][] {
  const { name, linkName, sizeBytes, uid, gid, mtime, attributes = new Map<string, Buffer>() } = header
  const number = (key: string, value: number | string): [string, Buffer] => [key, Buffer.from(String(value))]
  return [
    ...(name.length > longestName ? [["path", name] as [string, Buffer]] : []),
    ...(linkName.length > longestName ? [["linkpath", linkName] as [string, Buffer]] : []),
    ...(sizeBytes > mostOctal ? [number("size", sizeBytes)] : []),
    ...(uid > mostShortOctal ? [number("uid", uid)] : []),
    ...(gid > mostShortOctal ? [number("gid", gid)] : []),
    ...(Number.isInteger(mtime) && mtime >= 0 && mtime <= mostOctal ? [] : [number("mtime", decimal(mtime))]),
    ...attributes,
  ]
}

/** Seconds with as much of a fraction as is known of times of our days: a microsecond. */
const decimal = (seconds: number) => seconds.toFixed(6).replace(/\.?0+$/, "")

/** Numbers that every reader takes; the records before say the right ones. */
function fitting<H extends TarHeader | Omit<TarHeader, "type">>(header: H): H {
  const { sizeBytes, uid, gid } = header
  return {
    ...header,
    sizeBytes: Math.min(sizeBytes, mostOctal),
    uid: within(uid, mostShortOctal),
    gid: within(gid, mostShortOctal),
  }
}

const within = (value: number, most: number) => Math.min(Math.max(0, value), most)

/** "LENGTH KEY=VALUE\n", where LENGTH counts its own digits, too. */
function record(key: string, value: Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from("\n")])
  let length = rest.length
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length
  return Buffer.concat([Buffer.from(String(length)), rest])
}
