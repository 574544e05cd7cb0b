/** Bytes of a LUN field, and of an entry of REPORT LUNS. */
const lunBytes = 8

/** Reads a single-level LUN: peripheral or flat addressing (SAM-5 section 4.7); undefined for any other. */
export function readLun(buffer: Buffer, at: number): number | undefined {
  if (buffer.readUInt32BE(at + 4) !== 0 || buffer.readUInt16BE(at + 2) !== 0) return undefined
  const word = buffer.readUInt16BE(at)
  const method = word >> 14
  if (method === 0) return word <= 0xff ? word : undefined
  return method === 1 ? word & 0x3fff : undefined
}

/** Writes a LUN of 0 to 16383 in the shortest method. */
export function writeLun(buffer: Buffer, at: number, lun: number): void {
  buffer.fill(0, at, at + lunBytes)
  buffer.writeUInt16BE(lun <= 0xff ? lun : 0x4000 | lun, at)
}

/** REPORT LUNS parameter data (SPC-4 section 6.33). */
export function encodeLunList(luns: readonly number[]): Buffer {
  const data = Buffer.alloc(8 + lunBytes * luns.length)
  data.writeUInt32BE(lunBytes * luns.length, 0)
  for (const [index, lun] of luns.entries()) writeLun(data, 8 + lunBytes * index, lun)
  return data
}

/** Reads REPORT LUNS parameter data as far as it is there; LUNs of unknown addressing are left out. */
export function parseLunList(data: Buffer): number[] {
  if (data.length < 8) return []
  const end = Math.min(data.length, 8 + data.readUInt32BE(0))
  const luns: number[] = []
  for (let at = 8; at + lunBytes <= end; at += lunBytes) {
    const lun = readLun(data, at)
    if (lun !== undefined) luns.push(lun)
  }
  return luns
}
