import type { TarHeader } from "../tar/header.ts"

/**
 * The records of a zip archive (APPNOTE.TXT 6.3.10): names are UTF-8 (bit 11), times, owners and modes are those of Unix,
 * sizes beyond 4 GiB are zip64.
 */
export interface ZipEntry {
  readonly name: Buffer
  readonly header: TarHeader
  /** st_mode. */
  readonly mode: number
  readonly deflated: boolean
  /** Sizes and CRC follow the data: they weren't known before. */
  readonly streamed: boolean
  /** Sizes that are written with 64 bits, also where they turn out to be small. */
  readonly large: boolean
  readonly offset: number
  crc: number
  compressed: number
  size: number
}

const most32 = 0xffffffff
const most16 = 0xffff
const unix = 3 << 8

/** What stands before an entry's data. */
export function localHeader(entry: ZipEntry): Buffer {
  const { name, streamed, large, crc, compressed, size } = entry
  const sizes = streamed ? { crc: 0, compressed: 0, size: 0 } : { crc, compressed, size }
  const extra = Buffer.concat([
    large ? zip64(BigInt(sizes.size), BigInt(sizes.compressed)) : Buffer.alloc(0),
    unixExtra(entry),
  ])
  const head = Buffer.alloc(30)
  head.writeUInt32LE(0x04034b50, 0)
  writeCommon(head, 4, entry)
  head.writeUInt32LE(sizes.crc, 14)
  head.writeUInt32LE(large ? most32 : sizes.compressed, 18)
  head.writeUInt32LE(large ? most32 : sizes.size, 22)
  head.writeUInt16LE(name.length, 26)
  head.writeUInt16LE(extra.length, 28)
  return Buffer.concat([head, name, extra])
}

/** What stands behind the data of an entry that was streamed. */
export function descriptor({ large, crc, compressed, size }: ZipEntry): Buffer {
  const bytes = Buffer.alloc(large ? 24 : 16)
  bytes.writeUInt32LE(0x08074b50, 0)
  bytes.writeUInt32LE(crc, 4)
  if (large) {
    bytes.writeBigUInt64LE(BigInt(compressed), 8)
    bytes.writeBigUInt64LE(BigInt(size), 16)
  } else {
    bytes.writeUInt32LE(compressed, 8)
    bytes.writeUInt32LE(size, 12)
  }
  return bytes
}

/** The entry's place in the central directory. */
export function directoryRecord(entry: ZipEntry): Buffer {
  const { name, mode, large, offset, crc, compressed, size } = entry
  const far = offset >= most32
  const wide = [...(large ? [BigInt(size), BigInt(compressed)] : []), ...(far ? [BigInt(offset)] : [])]
  const extra = Buffer.concat([wide.length > 0 ? zip64(...wide) : Buffer.alloc(0), unixExtra(entry)])
  const head = Buffer.alloc(46)
  head.writeUInt32LE(0x02014b50, 0)
  head.writeUInt16LE(unix | versionFor(entry), 4)
  writeCommon(head, 6, entry)
  head.writeUInt32LE(crc, 16)
  head.writeUInt32LE(large ? most32 : compressed, 20)
  head.writeUInt32LE(large ? most32 : size, 24)
  head.writeUInt16LE(name.length, 28)
  head.writeUInt16LE(extra.length, 30)
  const isDirectory = (mode & 0o170000) === 0o040000
  head.writeUInt32LE(((mode << 16) | (isDirectory ? 0x10 : 0)) >>> 0, 38)
  head.writeUInt32LE(far ? most32 : offset, 42)
  return Buffer.concat([head, name, extra])
}

/** What ends the archive: how many entries there are, and where their directory begins and how long it is. */
export function endOfDirectory(count: number, bytes: number, offset: number): Buffer {
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(Math.min(count, most16), 8)
  end.writeUInt16LE(Math.min(count, most16), 10)
  end.writeUInt32LE(Math.min(bytes, most32), 12)
  end.writeUInt32LE(Math.min(offset, most32), 16)
  if (count < most16 && bytes < most32 && offset < most32) return end
  const wide = Buffer.alloc(56)
  wide.writeUInt32LE(0x06064b50, 0)
  wide.writeBigUInt64LE(44n, 4)
  wide.writeUInt16LE(unix | 45, 12)
  wide.writeUInt16LE(45, 14)
  wide.writeBigUInt64LE(BigInt(count), 24)
  wide.writeBigUInt64LE(BigInt(count), 32)
  wide.writeBigUInt64LE(BigInt(bytes), 40)
  wide.writeBigUInt64LE(BigInt(offset), 48)
  const locator = Buffer.alloc(20)
  locator.writeUInt32LE(0x07064b50, 0)
  locator.writeBigUInt64LE(BigInt(offset + bytes), 8)
  locator.writeUInt32LE(1, 16)
  return Buffer.concat([wide, locator, end])
}

/** Version needed, flags, method, time, date. */
function writeCommon(head: Buffer, at: number, entry: ZipEntry): void {
  head.writeUInt16LE(versionFor(entry), at)
  head.writeUInt16LE(0x0800 | (entry.streamed ? 0x0008 : 0), at + 2)
  head.writeUInt16LE(entry.deflated ? 8 : 0, at + 4)
  head.writeUInt32LE(dosTime(entry.header.mtime), at + 6)
}

const versionFor = ({ large, offset }: ZipEntry) => (large || offset >= most32 ? 45 : 20)

/** Time and date as DOS has them, in UTC: even seconds from 1980 to 2107. */
function dosTime(seconds: number): number {
  const [first, last] = [Date.UTC(1980, 0, 1), Date.UTC(2107, 11, 31)]
  const date = new Date(Math.min(last, Math.max(first, seconds * 1000)))
  const time = (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1)
  const day = ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate()
  return ((day << 16) | time) >>> 0
}

function zip64(...numbers: bigint[]): Buffer {
  const bytes = Buffer.alloc(4 + 8 * numbers.length)
  bytes.writeUInt16LE(0x0001, 0)
  bytes.writeUInt16LE(8 * numbers.length, 2)
  numbers.forEach((number, index) => bytes.writeBigUInt64LE(number, 4 + 8 * index))
  return bytes
}

/** Info-ZIP's fields: the time in UTC ("UT"), where 32 bits hold it, and the numeric owner ("ux"). */
function unixExtra({ header: { mtime, uid, gid } }: ZipEntry): Buffer {
  const owner = Buffer.alloc(15)
  owner.writeUInt16LE(0x7875, 0)
  owner.writeUInt16LE(11, 2)
  owner.writeUInt8(1, 4)
  owner.writeUInt8(4, 5)
  owner.writeUInt32LE(uid >>> 0, 6)
  owner.writeUInt8(4, 10)
  owner.writeUInt32LE(gid >>> 0, 11)
  const seconds = Math.floor(mtime)
  if (seconds < -0x80000000 || seconds > 0x7fffffff) return owner
  const time = Buffer.alloc(9)
  time.writeUInt16LE(0x5455, 0)
  time.writeUInt16LE(5, 2)
  time.writeUInt8(1, 4)
  time.writeInt32LE(seconds, 5)
  return Buffer.concat([time, owner])
}
