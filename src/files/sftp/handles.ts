import { RecoveryError } from "../../api/reasons.ts"
import { maxReadBytes } from "../../guest/sftp-wire.ts"
import { displayName } from "../names.ts"
import type { Attributes, DirectoryEntry, VolumeReader } from "../source.ts"

/** Entries of one answer: with names of 1 KiB they stay below what a packet holds. */
const entriesAtOnce = 64

/**
 * What is open holds one of the guest's few ports only while it is used: a file that nobody reads for so long is opened again
 * when somebody does, a directory is not (milliseconds).
 */
const idleFileMs = 10_000
const idleDirectoryMs = 60_000

interface Stream {
  /** Where in the file the next byte of it lies. */
  at: number
  readonly chunks: AsyncIterator<Buffer>
  readonly abort: AbortController
  readonly reader: VolumeReader
  rest: Buffer
}

/**
 * A file that a client has open. Clients ask for pieces, mostly one after the other, many before the first is answered:
 * these come from one stream, which reads ahead. A piece that lies elsewhere is read by itself.
 */
export class OpenFile {
  readonly attributes: Attributes
  /** Bytes that were given out. */
  bytes = 0
  readonly #volume: () => Promise<VolumeReader>
  readonly #path: Buffer
  #expected = 0
  #stream: Stream | undefined
  #idle: NodeJS.Timeout | undefined
  #closed = false

  constructor(volume: () => Promise<VolumeReader>, path: Buffer, attributes: Attributes) {
    this.#volume = volume
    this.#path = path
    this.attributes = attributes
  }

  get isStreaming(): boolean {
    return this.#stream !== undefined
  }

  /** Some bytes from `offset`, or undefined at the end of the file. One call at a time; they last until the next. */
  async read(offset: number, length: number): Promise<Buffer | undefined> {
    const size = this.attributes.sizeBytes
    const end = Math.min(size, offset + Math.min(length, maxReadBytes))
    if (offset >= end) return undefined
    const isNext = offset === this.#expected
    if (this.#stream?.at !== offset) this.pause()
    clearTimeout(this.#idle)
    const stream = this.#stream ?? (await this.#open(offset, isNext ? size : end))
    const bytes = await take(stream, end - offset)
    if (bytes.length < end - offset)
      throw new RecoveryError("VolumeCorrupt", `${displayName(this.#path)} ended before its size.`)
    this.#expected = end
    this.bytes += bytes.length
    if (!isNext || end === size) this.pause()
    else this.#idle = setTimeout(() => this.pause(), idleFileMs)
    return bytes
  }

  /** Ends reading ahead; the next piece begins it again. */
  pause(): void {
    clearTimeout(this.#idle)
    const stream = this.#stream
    this.#stream = undefined
    if (stream === undefined) return
    stream.abort.abort(new RecoveryError("Interrupted", "The file was closed."))
    leave(stream.chunks, stream.reader)
  }

  close(): void {
    this.#closed = true
    this.pause()
  }

  async #open(start: number, end: number): Promise<Stream> {
    const reader = await this.#volume()
    const abort = new AbortController()
    const chunks = reader.read(this.#path, { start, end, signal: abort.signal, lent: true })[Symbol.asyncIterator]()
    this.#stream = { at: start, chunks, abort, reader, rest: Buffer.alloc(0) }
    const stream = this.#stream
    if (this.#closed) this.pause() // while it waited for the volume
    return stream
  }
}

/** Ends an iteration that may be of no more use, and lets its reader go. */
function leave(batches: AsyncIterator<unknown>, reader: Pick<VolumeReader, "release">): void {
  void Promise.resolve(batches.return?.())
    .catch(() => undefined) // what went wrong was said to whom it concerned
    .finally(() => reader.release())
}

/** `length` bytes of a stream, or fewer at its end. Where they lie in one piece they are the stream's, lent. */
async function take(stream: Stream, length: number): Promise<Buffer> {
  if (stream.rest.length === 0) await refill(stream)
  if (stream.rest.length >= length) return cut(stream, length)
  const bytes = Buffer.allocUnsafe(length)
  let have = 0
  do have += cut(stream, length - have).copy(bytes, have)
  while (have < length && (await refill(stream)))
  return bytes.subarray(0, have)
}

/** False at the end; what was there before may be overwritten. */
async function refill(stream: Stream): Promise<boolean> {
  const next = await stream.chunks.next()
  stream.rest = next.done ? Buffer.alloc(0) : next.value
  return !next.done
}

function cut(stream: Stream, most: number): Buffer {
  const part = stream.rest.subarray(0, most)
  stream.rest = stream.rest.subarray(part.length)
  stream.at += part.length
  return part
}

/** A directory that a client has open: entries come in the order of the file system. */
export class OpenDirectory {
  readonly #batches: AsyncIterator<DirectoryEntry[]>
  readonly #reader: Pick<VolumeReader, "release">
  #rest: DirectoryEntry[] = []
  #idle: NodeJS.Timeout | undefined
  #closed = false

  constructor(batches: AsyncIterable<DirectoryEntry[]>, reader: Pick<VolumeReader, "release">) {
    this.#batches = batches[Symbol.asyncIterator]()
    this.#reader = reader
    this.#idle = setTimeout(() => this.close(), idleDirectoryMs)
  }

  /** Some entries, or undefined when there are no more. */
  async next(): Promise<DirectoryEntry[] | undefined> {
    if (this.#closed) throw new RecoveryError("Busy", "The directory was left open for too long; list it again.")
    clearTimeout(this.#idle)
    while (this.#rest.length === 0) {
      const next = await this.#batches.next()
      if (next.done) return undefined
      this.#rest = next.value
    }
    this.#idle = setTimeout(() => this.close(), idleDirectoryMs)
    return this.#rest.splice(0, entriesAtOnce)
  }

  close(): void {
    clearTimeout(this.#idle)
    if (this.#closed) return
    this.#closed = true
    leave(this.#batches, this.#reader)
  }
}
