import { RecoveryError } from "../../api/reasons.ts"
import { maxReadBytes } from "../../guest/sftp-wire.ts"
import { displayName } from "../names.ts"
import type { Attributes, DirectoryEntry, VolumeReader } from "../source.ts"

/** Entries of one answer: with names of 1 KiB they stay below what a packet holds. */
const entriesAtOnce = 64

interface Stream {
  /** Where in the file the next byte of it lies. */
  at: number
  readonly chunks: AsyncIterator<Buffer>
  readonly abort: AbortController
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
  readonly #reader: VolumeReader
  readonly #path: Buffer
  #expected = 0
  #stream: Stream | undefined

  constructor(reader: VolumeReader, path: Buffer, attributes: Attributes) {
    this.#reader = reader
    this.#path = path
    this.attributes = attributes
  }

  get isStreaming(): boolean {
    return this.#stream !== undefined
  }

  /** Some bytes from `offset`, or undefined at the end of the file. One call at a time. */
  async read(offset: number, length: number): Promise<Buffer | undefined> {
    const size = this.attributes.sizeBytes
    const end = Math.min(size, offset + Math.min(length, maxReadBytes))
    if (offset >= end) return undefined
    const isNext = offset === this.#expected
    if (this.#stream?.at !== offset) this.pause()
    this.#stream ??= this.#open(offset, isNext ? size : end)
    const bytes = await take(this.#stream, end - offset)
    if (bytes.length < end - offset)
      throw new RecoveryError("VolumeCorrupt", `${displayName(this.#path)} ended before its size.`)
    this.#expected = end
    if (!isNext || end === size) this.pause()
    this.bytes += bytes.length
    return bytes
  }

  /** Ends reading ahead; the next piece begins it again. */
  pause(): void {
    const stream = this.#stream
    this.#stream = undefined
    if (stream === undefined) return
    stream.abort.abort(new RecoveryError("Interrupted", "The file was closed."))
    void Promise.resolve(stream.chunks.return?.()).catch(() => undefined) // nobody waits for it any more
  }

  close(): void {
    this.pause()
    this.#reader.release()
  }

  #open(start: number, end: number): Stream {
    const abort = new AbortController()
    const chunks = this.#reader.read(this.#path, { start, end, signal: abort.signal })[Symbol.asyncIterator]()
    return { at: start, chunks, abort, rest: Buffer.alloc(0) }
  }
}

/** `length` bytes of a stream, or fewer at its end. */
async function take(stream: Stream, length: number): Promise<Buffer> {
  const parts: Buffer[] = []
  for (let left = length; left > 0;) {
    if (stream.rest.length === 0) {
      const next = await stream.chunks.next()
      if (next.done) break
      stream.rest = next.value
    }
    const part = stream.rest.subarray(0, left)
    stream.rest = stream.rest.subarray(part.length)
    stream.at += part.length
    left -= part.length
    parts.push(part)
  }
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts)
}

/** A directory that a client has open: entries come in the order of the file system. */
export class OpenDirectory {
  readonly #batches: AsyncIterator<DirectoryEntry[]>
  readonly #release: () => void
  #rest: DirectoryEntry[] = []

  constructor(batches: AsyncIterable<DirectoryEntry[]>, release: () => void) {
    this.#batches = batches[Symbol.asyncIterator]()
    this.#release = release
  }

  /** Some entries, or undefined when there are no more. */
  async next(): Promise<DirectoryEntry[] | undefined> {
    while (this.#rest.length === 0) {
      const next = await this.#batches.next()
      if (next.done) return undefined
      this.#rest = next.value
    }
    return this.#rest.splice(0, entriesAtOnce)
  }

  close(): void {
    void Promise.resolve(this.#batches.return?.())
      .catch(() => undefined) // it is of no more use
      .finally(() => this.#release())
  }
}
