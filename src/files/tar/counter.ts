import { blockBytes, parseHeader } from "./header.ts"
import { parsePax } from "./pax.ts"

/** Extended headers longer than this aren't looked into; the size of the next member is then taken from its own header. */
const mostPaxBytes = 1024 * 1024

/**
 * Counts the files of a tar stream as it passes by, for the usage report, and tells where it ends. It never disturbs the stream: an archive it
 * doesn't understand is only not counted any further.
 */
export class TarCounter {
  /** Regular files whose header has passed. */
  files = 0
  /** Where the archive ends, bytes: at the first block that is no header but nothing. Known when that has passed. */
  end: number | undefined
  /** Bytes before what is looked at. */
  #passed = 0
  /** Bytes of a body still to pass. */
  #left = 0
  /** A header or an extended header that isn't complete yet. */
  #held: Buffer = Buffer.alloc(0)
  #wanted = blockBytes
  #paxBytes: number | undefined
  #nextSize: number | undefined
  #ended = false

  push(chunk: Buffer): void {
    for (let rest = chunk; rest.length > 0 && !this.#ended;) {
      const passed = Math.min(this.#left, rest.length)
      this.#left -= passed
      this.#passed += passed
      rest = rest.subarray(passed)
      if (rest.length === 0) return
      const piece = rest.subarray(0, this.#wanted - this.#held.length)
      rest = rest.subarray(piece.length)
      this.#held = this.#held.length === 0 ? piece : Buffer.concat([this.#held, piece])
      if (this.#held.length === this.#wanted) this.#take()
      // the chunk's memory isn't ours to keep
      else this.#held = Buffer.from(this.#held)
    }
  }

  #take(): void {
    const held = this.#held
    this.#held = Buffer.alloc(0)
    this.#passed += held.length
    this.#wanted = blockBytes
    try {
      if (this.#paxBytes === undefined) this.#header(held)
      else this.#extended(held.subarray(0, this.#paxBytes))
    } catch {
      this.#ended = true
    }
  }

  #header(block: Buffer): void {
    const header = parseHeader(block)
    if (header === undefined) {
      this.end = this.#passed - blockBytes
      this.#ended = true
      return
    }
    const { flag, sizeBytes } = header
    const padded = (bytes: number) => Math.ceil(bytes / blockBytes) * blockBytes
    if (flag === "x" && sizeBytes > 0 && sizeBytes <= mostPaxBytes) {
      this.#paxBytes = sizeBytes
      this.#wanted = padded(sizeBytes)
      return
    }
    const isFile = flag === "0" || flag === "\0" || flag === "7"
    if (isFile) this.files++
    if (isFile || flag === "g" || flag === "x" || flag === "L" || flag === "K")
      this.#left = padded((isFile ? this.#nextSize : undefined) ?? sizeBytes)
    if (flag !== "L" && flag !== "K" && flag !== "g") this.#nextSize = undefined
  }

  #extended(body: Buffer): void {
    this.#paxBytes = undefined
    const size = parsePax(body).get("size")
    this.#nextSize = size === undefined ? undefined : Number(size.toString("latin1"))
    if (Number.isNaN(this.#nextSize)) this.#ended = true
  }
}
