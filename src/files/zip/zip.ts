import { crc32, createDeflateRaw, deflateRawSync } from "node:zlib"
import { RecoveryError } from "../../api/reasons.ts"
import { primed } from "../primed.ts"
import { withoutDot } from "../tar/names.ts"
import { through } from "../through.ts"
import type { TarHeader, TarType } from "../tar/header.ts"
import type { TarMember } from "../tar/reader.ts"
import { Directory } from "./directory.ts"
import { zipName } from "./names.ts"
import { descriptor, directoryRecord, endOfDirectory, localHeader, type ZipEntry } from "./records.ts"

/** Files up to this are packed at once: their sizes then stand before them, and no stream has to be made for each. */
const smallBytes = 256 << 10
/** From here on sizes get 64 bits: what can't be packed grows a little. */
const largeBytes = 0xf000_0000
/** Of memory for the directory: more than two million entries as people name them. */
const mostDirectoryBytes = 64 << 20
/** Fast: what waits for an archive is a person, at the other end of a network. */
const level = 1

const typeBits: Partial<Record<TarType, number>> = { file: 0o100000, directory: 0o040000, symlink: 0o120000 }

/**
 * A zip archive of the members of a tar, as a stream: files, directories, and symbolic links as Info-ZIP has them. What
 * else there is (devices, pipes) a zip can't hold: it is left out. Memory is that of the packed directory, 64 MiB at most;
 * beyond that it breaks off.
 */
export async function* zipOf(
  members: AsyncIterable<TarMember>,
  { maxDirectoryBytes = mostDirectoryBytes } = {},
): AsyncGenerator<Buffer> {
  const zip = new Zip(maxDirectoryBytes)
  for await (const member of members) yield* zip.add(member)
  yield* zip.end()
}

class Zip {
  readonly #directory = new Directory()
  readonly #maxDirectoryBytes: number
  #offset = 0

  constructor(maxDirectoryBytes: number) {
    this.#maxDirectoryBytes = maxDirectoryBytes
  }

  async *add({ header, body }: TarMember): AsyncGenerator<Buffer> {
    const name = nameOf(header)
    const type = typeBits[header.type]
    if (name.length === 0 || type === undefined) return
    const base = { name, header, mode: type | header.mode, offset: this.#offset }
    if (header.type === "file" && header.sizeBytes > smallBytes) yield* this.#counted(this.#stream(base, body))
    else yield* this.#counted(this.#pack(base, header.type === "file" ? await whole(body) : linkOf(header)))
  }

  *end(): Generator<Buffer> {
    yield* this.#directory.pieces()
    yield endOfDirectory(this.#directory.count, this.#directory.bytes, this.#offset)
  }

  /** An entry whose data is in memory. */
  async *#pack(base: Base, data: Buffer): AsyncGenerator<Buffer> {
    const deflated = data.length > 0 ? deflateRawSync(data, { level }) : data
    const isSmaller = deflated.length < data.length
    const packed = isSmaller ? deflated : data
    const sizes = { crc: crc32(data), compressed: packed.length, size: data.length }
    const entry: ZipEntry = { ...base, deflated: isSmaller, streamed: false, large: false, ...sizes }
    yield localHeader(entry)
    if (packed.length > 0) yield packed
    this.#remember(entry)
  }

  /** An entry whose data passes by. */
  async *#stream(base: Base, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const large = base.header.sizeBytes >= largeBytes
    const entry: ZipEntry = { ...base, deflated: true, streamed: true, large, crc: 0, compressed: 0, size: 0 }
    yield localHeader(entry)
    const bytes = await primed(summed(body, entry))
    const deflate = createDeflateRaw({ level: bytes.first && shrinks(bytes.first) ? level : 0 })
    for await (const chunk of through(deflate, bytes.all)) {
      entry.compressed += chunk.length
      yield chunk
    }
    yield descriptor(entry)
    this.#remember(entry)
  }

  #remember(entry: ZipEntry): void {
    const directory = this.#directory
    directory.append(directoryRecord(entry))
    if (directory.keptBytes > this.#maxDirectoryBytes)
      throw new RecoveryError("UsageError", `More than ${directory.count} files are too many for one zip; take a tar.`)
  }

  async *#counted(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.#offset += chunk.length
      yield chunk
    }
  }
}

type Base = Pick<ZipEntry, "name" | "header" | "mode" | "offset">

/** Without the `./` of an archive of the whole volume, whose root has no entry; directories end with a slash. */
function nameOf({ name, type }: TarHeader): Buffer {
  const bare = withoutDot(name)
  const isMarked = type !== "directory" || bare.length === 0 || bare.at(-1) === 0x2f
  return zipName(isMarked ? bare : Buffer.concat([bare, Buffer.from("/")]))
}

/** What stands for the data of those that have none. */
function linkOf({ type, linkName }: TarHeader): Buffer {
  return type === "symlink" ? linkName : Buffer.alloc(0)
}

/**
 * Whether packing is worth its time, by a file's first bytes: what is packed already stays as it is, still in the form of
 * deflate, as unpackers that read a stream know no other without a size in front.
 */
function shrinks(first: Buffer): boolean {
  return deflateRawSync(first, { level }).length < first.length * 0.95
}

async function whole(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

async function* summed(body: AsyncIterable<Buffer>, entry: ZipEntry): AsyncGenerator<Buffer> {
  for await (const chunk of body) {
    entry.crc = crc32(chunk, entry.crc)
    entry.size += chunk.length
    yield chunk
  }
}
