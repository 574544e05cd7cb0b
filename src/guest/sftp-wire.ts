import { nanosecondsFrom } from "../api/nanoseconds.ts"
import { RecoveryError } from "../api/reasons.ts"

/** SFTP version 3 (draft-ietf-secsh-filexfer-02): the packets of reading, and those that write. Names are bytes. */
export const packetType = {
  init: 1,
  version: 2,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  status: 101,
  handle: 102,
  data: 103,
  name: 104,
  attrs: 105,
  extended: 200,
  extendedReply: 201,
} as const

export const statusCode = {
  ok: 0,
  endOfFile: 1,
  noSuchFile: 2,
  permissionDenied: 3,
  failure: 4,
  badMessage: 5,
  unsupported: 8,
} as const

/** Most bytes of one read: what OpenSSH's server takes (its packets are 256 KiB at most). */
export const maxReadBytes = 255 << 10
const maxPacketBytes = 256 << 10
/** Longest name of a file: 255 UTF-16 units of NTFS are 765 bytes. What a page of a listing takes depends on it. */
const maxNameBytes = 1024
/** Longest target of a symbolic link, PATH_MAX of Linux. */
export const maxTargetBytes = 4096

/** Owner, type and size of a file; zero where the server left it out. */
export interface SftpAttributes {
  readonly mode: number
  readonly sizeBytes: number
  readonly uid: number
  readonly gid: number
  /** Nanoseconds since the epoch: less than five million years before or after it. */
  readonly mtimeNs: bigint
}

export interface SftpEntry extends SftpAttributes {
  readonly name: Buffer
}

export type Field = number | bigint | Buffer

/** A request or an answer: type, id, then numbers as uint32, bigints as uint64, buffers as strings. */
export function encodePacket(type: number, id: number, fields: readonly Field[]): Buffer {
  const parts = [Buffer.alloc(9), ...fields.map(encodeField)]
  const packet = Buffer.concat(parts)
  packet.writeUInt32BE(packet.length - 4, 0)
  packet.writeUInt8(type, 4)
  packet.writeUInt32BE(id, 5)
  return packet
}

/** An answer with bytes of a file, in two pieces: the bytes are not copied. */
export function dataPacket(id: number, bytes: Buffer): readonly [Buffer, Buffer] {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(head.length - 4 + bytes.length, 0)
  head.writeUInt8(packetType.data, 4)
  head.writeUInt32BE(id, 5)
  head.writeUInt32BE(bytes.length, 9)
  return [head, bytes]
}

function encodeField(field: Field): Buffer {
  if (typeof field === "number") {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(field)
    return bytes
  }
  if (typeof field === "bigint") {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64BE(field)
    return bytes
  }
  return Buffer.concat([encodeField(field.length), field])
}

const theGuest = "The guest's file server"

/** Reads one packet's fields in order; a field beyond its end means that who sent it is not to be trusted. */
export class PacketReader {
  readonly #packet: Buffer
  readonly #peer: string
  #at = 0

  constructor(packet: Buffer, peer = theGuest) {
    this.#packet = packet
    this.#peer = peer
  }

  uint8(): number {
    return this.#take(1).readUInt8()
  }

  uint32(): number {
    return this.#take(4).readUInt32BE()
  }

  /** The next uint32, which stays to be read. */
  peekUint32(): number {
    const value = this.uint32()
    this.#at -= 4
    return value
  }

  /** A size or offset; what no exact number can hold is refused. */
  uint64(): number {
    const value = Number(this.#take(8).readBigUInt64BE())
    if (!Number.isSafeInteger(value)) throw malformed(this.#peer, "a size beyond 2^53")
    return value
  }

  string(maxBytes: number = maxPacketBytes): Buffer {
    const length = this.uint32()
    if (length > maxBytes) throw malformed(this.#peer, `a text of ${length} bytes`)
    return this.#take(length)
  }

  /** A file's; its time is in several fields, as the guest's jail has put it (appliance/jail.c). */
  attributes(): SftpAttributes {
    const flags = this.uint32()
    const sizeBytes = flags & 1 ? this.uint64() : 0
    const [uid, gid] = flags & 2 ? [this.uint32(), this.uint32()] : [0, 0]
    const modeAndTime = flags & 4 ? this.uint32() : 0
    const [nanoseconds, seconds] = flags & 8 ? [this.uint32(), this.uint32()] : [0, 0]
    if (flags & 0x80000000) for (let left = this.uint32(); left > 0; left--) void (this.string(), this.string())
    const mtimeNs = nanosecondsFrom((modeAndTime >> 16) * 2 ** 32 + seconds, nanoseconds)
    return { mode: modeAndTime & 0xffff, sizeBytes, uid, gid, mtimeNs }
  }

  /** Entries of a directory; each comes with a long form for people, which is not used. */
  names(): SftpEntry[] {
    const entries: SftpEntry[] = []
    const count = this.uint32()
    if (count === 0) throw malformed(this.#peer, "a list without names") // could go on for ever
    for (let left = count; left > 0; left--) {
      const name = Buffer.from(this.string(maxNameBytes))
      this.string()
      entries.push({ name, ...this.attributes() })
    }
    return entries
  }

  #take(length: number): Buffer {
    const bytes = this.#packet.subarray(this.#at, this.#at + length)
    if (bytes.length !== length) throw malformed(this.#peer, "a packet that is too short")
    this.#at += length
    return bytes
  }
}

/** Puts packets together from a byte stream; each is given without its length, in memory of its own. */
export class PacketAssembler {
  readonly #peer: string
  readonly #length = Buffer.alloc(4)
  /** Of `#length` while there is no packet, else of the packet. */
  #have = 0
  #packet: Buffer | undefined

  constructor(peer = theGuest) {
    this.#peer = peer
  }

  feed(chunk: Buffer): Buffer[] {
    const packets: Buffer[] = []
    for (let at = 0; at < chunk.length;) {
      const into: Buffer = this.#packet ?? this.#length
      const copied = chunk.copy(into, this.#have, at)
      at += copied
      this.#have += copied
      if (this.#have < into.length) break
      this.#have = 0
      if (this.#packet) packets.push(this.#packet)
      this.#packet = this.#packet ? undefined : this.#newPacket()
    }
    return packets
  }

  #newPacket(): Buffer {
    const length = this.#length.readUInt32BE()
    if (length < 1 || length > maxPacketBytes) throw malformed(this.#peer, `a packet of ${length} bytes`)
    return Buffer.allocUnsafe(length)
  }
}

function malformed(peer: string, what: string): RecoveryError {
  return new RecoveryError("ProtocolError", `${peer} sent ${what}; it can't be trusted any more.`)
}
