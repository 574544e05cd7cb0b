import type { Entry, EntryType } from "./tree.ts"

const types: Record<string, EntryType> = {
  "0": "file",
  "\0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "char",
  "4": "block",
  "5": "directory",
  "6": "fifo",
}

/** Attributes in which Linux, or XFS, also shows an ACL; the form for people is the one that is compared. */
const shadowsOfAcls = /\.(?:system\.posix_acl_|trusted\.SGI_ACL_)/

/**
 * All that a pax archive says, extended attributes and ACLs included: read here by other code than the product's, which
 * takes less of it. GNU's older archives, with their own records of long names, as well. Names are relative, without `./`.
 */
export async function readTree(stream: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<Entry[]> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  const tar = Buffer.concat(chunks)
  const entries: Entry[] = []
  let records = new Map<string, Buffer>()
  for (let at = 0; at < tar.length && tar[at] !== 0;) {
    const header = tar.subarray(at, at + 512)
    const flag = header.toString("latin1", 156, 157)
    const size = Number(records.get("size") ?? octal(header, 124, 12))
    const body = tar.subarray(at + 512, at + 512 + size)
    at += 512 + Math.ceil(size / 512) * 512
    if (flag === "x") {
      records = parseRecords(body)
      continue
    }
    const long = { L: "path", K: "linkpath" }[flag]
    if (long !== undefined) {
      records.set(long, text(body, 0, body.length))
      continue
    }
    const type = types[flag]
    if (type === undefined) throw new Error(`a member of type ${JSON.stringify(flag)}`)
    const entry = makeEntry(type, header, body, records)
    if (entry.name.length > 0) entries.push(entry)
    records = new Map()
  }
  return entries
}

function makeEntry(type: EntryType, header: Buffer, body: Buffer, records: Map<string, Buffer>): Entry {
  const name = records.get("path") ?? joined(text(header, 345, 155), text(header, 0, 100))
  const link = records.get("linkpath") ?? text(header, 157, 100)
  const xattrs = [...records].filter(([key]) => key.startsWith("SCHILY.xattr.") && !shadowsOfAcls.test(key))
  const acl = records.get("SCHILY.acl.access")?.toString()
  return {
    type,
    name: bare(name),
    mode: octal(header, 100, 8) & 0o7777,
    uid: Number(records.get("uid") ?? octal(header, 108, 8)),
    gid: Number(records.get("gid") ?? octal(header, 116, 8)),
    mtime: nanoseconds(records.get("mtime")?.toString() ?? String(octal(header, 136, 12))),
    ...(type === "file" ? { content: Buffer.from(body) } : {}),
    ...(type === "symlink" ? { link } : {}),
    ...(type === "hardlink" ? { link: bare(link) } : {}),
    ...(xattrs.length === 0
      ? {}
      : { xattrs: Object.fromEntries(xattrs.map(([key, value]) => [attributeName(key.slice(13)), value])) }),
    ...(acl === undefined ? {} : { acl }),
  }
}

/** GNU tar writes two characters of names as no other does. */
const attributeName = (key: string) => key.replace(/%(?:3D|25)/g, (code) => (code === "%25" ? "%" : "="))

function parseRecords(body: Buffer): Map<string, Buffer> {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < body.length;) {
    const blank = body.indexOf(0x20, at)
    const end = at + Number(body.toString("latin1", at, blank))
    const equals = body.indexOf(0x3d, blank)
    records.set(body.toString("utf8", blank + 1, equals), Buffer.from(body.subarray(equals + 1, end - 1)))
    at = end
  }
  return records
}

function bare(name: Buffer): Buffer {
  const from = name.subarray(0, 2).toString() === "./" ? 2 : 0
  const to = name.length - (name.at(-1) === 0x2f ? 1 : 0)
  const rest = name.subarray(from, Math.max(from, to))
  return rest.toString() === "." ? Buffer.alloc(0) : Buffer.from(rest)
}

function text(header: Buffer, at: number, length: number): Buffer {
  const field = header.subarray(at, at + length)
  const end = field.indexOf(0)
  return Buffer.from(end === -1 ? field : field.subarray(0, end))
}

const joined = (prefix: Buffer, name: Buffer) =>
  prefix.length === 0 ? name : Buffer.concat([prefix, Buffer.from("/"), name])

/** Octal digits, or base 256 where they don't suffice. */
function octal(header: Buffer, at: number, length: number): number {
  const field = header.subarray(at, at + length)
  if ((field[0] ?? 0) & 0x80) return Number(BigInt.asIntN(64, BigInt(`0x${field.subarray(-8).toString("hex")}`)))
  return Number.parseInt(field.toString("latin1").replace(/[\0 ].*$/s, "") || "0", 8)
}

/** Decimal seconds, a sign possible, in nanoseconds. */
export function nanoseconds(decimal: string): bigint {
  const [, sign = "", whole = "0", part = ""] = /^(-?)(\d+)(?:\.(\d*))?$/.exec(decimal) ?? []
  const value = BigInt(whole) * 1_000_000_000n + BigInt(part.padEnd(9, "0").slice(0, 9))
  return sign === "-" ? -value : value
}
