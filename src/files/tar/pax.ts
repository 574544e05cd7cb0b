import { damaged, type RawHeader } from "./header.ts"

/** Records of a POSIX extended header: key to value, values are bytes. */
export type PaxRecords = ReadonlyMap<string, Buffer>

/** Reads "LENGTH KEY=VALUE\n" records (POSIX.1-2017, pax, "Extended Header"). Throws ProtocolError. */
export function parsePax(body: Buffer): PaxRecords {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(0x20, at)
    const digits = body.toString("latin1", at, space === -1 ? at : Math.min(space, at + 12))
    const end = at + Number(digits)
    const equals = body.indexOf(0x3d, space)
    if (!/^[1-9]\d{0,8}$/.test(digits) || end > body.length || equals === -1 || equals >= end || body[end - 1] !== 0x0a)
      throw damaged("an extended header that can't be read")
    records.set(body.toString("utf8", space + 1, equals), Buffer.from(body.subarray(equals + 1, end - 1)))
    at = end
  }
  return records
}

/** The header with what the records say instead, and its ACLs and extended attributes. Unknown keys are left out. */
export function applyPax(header: RawHeader, records: PaxRecords): RawHeader {
  const number = (key: string, otherwise: number) => {
    const text = records.get(key)?.toString("latin1")
    if (text === undefined) return otherwise
    if (!/^-?\d{1,16}(\.\d*)?$/.test(text) || !Number.isSafeInteger(Math.trunc(Number(text))))
      throw damaged(`a ${key} that is no number`)
    return Number(text)
  }
  const sizeBytes = number("size", header.sizeBytes)
  if (sizeBytes < 0 || !Number.isInteger(sizeBytes)) throw damaged("a negative size")
  const attributes = [...records].filter(([key]) => key.startsWith("SCHILY.acl.") || key.startsWith("SCHILY.xattr."))
  return {
    ...header,
    ...(attributes.length > 0 && { attributes: new Map(attributes) }),
    name: records.get("path") ?? header.name,
    linkName: records.get("linkpath") ?? header.linkName,
    sizeBytes,
    uid: number("uid", header.uid),
    gid: number("gid", header.gid),
    mtime: number("mtime", header.mtime),
  }
}

/** Sparse members store a map in front of their data: written out as plain data they would be wrong. */
export function isSparse(records: PaxRecords): boolean {
  return [...records.keys()].some((key) => key.startsWith("GNU.sparse."))
}
