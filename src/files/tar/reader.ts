import { ByteReader } from "./byte-reader.ts"
import { blockBytes, damaged, parseHeader, type RawHeader, type TarHeader, type TarType } from "./header.ts"
import { applyPax, isSparse, parsePax, type PaxRecords } from "./pax.ts"

/** A member and its data. What of the body isn't read is skipped when the next member is asked for. */
export interface TarMember {
  readonly header: TarHeader
  readonly body: AsyncIterable<Buffer>
}

/** Type flags of members; "" and NUL are old spellings of a file, "7" (contiguous) is read as one. */
const types: Record<string, TarType> = {
  "": "file",
  "\0": "file",
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "char",
  "4": "block",
  "5": "directory",
  "6": "fifo",
  "7": "file",
}

/** Largest extended header: attributes of one file can be many, a name is never long. Both in bytes. */
const maxPaxBytes = 8 * 1024 * 1024
const maxNameBytes = 64 * 1024

/** What extended headers said about the member that follows them. */
interface Pending {
  pax?: PaxRecords
  name?: Buffer
  linkName?: Buffer
}

/**
 * Reads a tar stream member by member: POSIX ustar and pax, GNU long names. Unlike the usual libraries it keeps names as
 * bytes, also in extended headers. Memory stays bounded whatever the archive says. Throws ProtocolError on a damaged
 * archive, ConnectionLost on one that ends early.
 */
export async function* readTar(stream: AsyncIterable<Buffer>): AsyncGenerator<TarMember> {
  const input = new ByteReader(stream)
  let pending: Pending = {}
  try {
    for (;;) {
      const raw = parseHeader(await input.exactly(blockBytes))
      if (raw === undefined) break
      if (await extended(input, raw, pending)) continue
      const header = complete(raw, pending)
      pending = {}
      // all other types are a header only, whatever size it names (as GNU tar writes and Go reads them)
      const sizeBytes = header.type === "file" ? header.sizeBytes : 0
      const body = new Body(input, sizeBytes)
      yield { header, body: body.chunks() }
      await body.skip()
      await input.skip(padded(sizeBytes) - sizeBytes)
    }
    await input.drain()
  } finally {
    await input.close()
  }
}

/** Takes in a header that only describes the next one; false when it is a member's own. */
async function extended(input: ByteReader, raw: RawHeader, pending: Pending): Promise<boolean> {
  switch (raw.flag) {
    case "x":
      pending.pax = parsePax(await extension(input, raw, maxPaxBytes))
      return true
    case "L":
      pending.name = untilNul(await extension(input, raw, maxNameBytes))
      return true
    case "K":
      pending.linkName = untilNul(await extension(input, raw, maxNameBytes))
      return true
    case "g":
      // defaults for all members: nothing we use may come from there
      await extension(input, raw, maxPaxBytes)
      return true
    default:
      return false
  }
}

async function extension(input: ByteReader, { sizeBytes }: RawHeader, most: number): Promise<Buffer> {
  if (sizeBytes < 0 || sizeBytes > most) throw damaged("an extended header that is too long")
  const body = await input.exactly(padded(sizeBytes))
  return body.subarray(0, sizeBytes)
}

function complete(raw: RawHeader, { pax, name, linkName }: Pending): TarHeader {
  const type = types[raw.flag]
  if (type === undefined) throw damaged(`a member of the unknown type ${JSON.stringify(raw.flag)}`)
  if (pax && isSparse(pax)) throw damaged("a sparse member, which can't be read here")
  const header = { ...raw, name: name ?? raw.name, linkName: linkName ?? raw.linkName }
  const full = pax ? applyPax(header, pax) : header
  if (full.sizeBytes < 0) throw damaged("a negative size")
  const { flag: _, ...rest } = full
  // before POSIX a directory was a file whose name ends with a slash
  return { ...rest, type: type === "file" && full.name.at(-1) === 0x2f ? "directory" : type }
}

const padded = (bytes: number) => Math.ceil(bytes / blockBytes) * blockBytes

function untilNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0)
  return Buffer.from(end === -1 ? bytes : bytes.subarray(0, end))
}

/** The data of one member, readable once. */
class Body {
  readonly #input: ByteReader
  #left: number

  constructor(input: ByteReader, sizeBytes: number) {
    this.#input = input
    this.#left = sizeBytes
  }

  async *chunks(): AsyncGenerator<Buffer> {
    while (this.#left > 0) {
      const chunk = await this.#input.some(this.#left)
      this.#left -= chunk.length
      yield chunk
    }
  }

  async skip(): Promise<void> {
    const left = this.#left
    this.#left = 0
    await this.#input.skip(left)
  }
}
