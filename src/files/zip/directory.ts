import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib"

const slabBytes = 256 << 10
/** Records differ in names, sums and sizes only: this makes a fifth of them. */
const quick = { params: { [constants.ZSTD_c_compressionLevel]: 3 } }

/**
 * The directory of a zip archive, which stands at its end and so has to be kept until then: packed, slab by slab. How long it
 * is and how much memory it takes are two numbers.
 */
export class Directory {
  /** As it will stand in the archive. */
  bytes = 0
  /** What it takes meanwhile. */
  keptBytes = slabBytes
  count = 0
  readonly #packed: Buffer[] = []
  readonly #slab = Buffer.allocUnsafe(slabBytes)
  #used = 0

  append(record: Buffer): void {
    for (let at = 0; at < record.length;) {
      const copied = record.copy(this.#slab, this.#used, at)
      at += copied
      this.#used += copied
      if (this.#used === slabBytes) this.#pack()
    }
    this.bytes += record.length
    this.count++
  }

  *pieces(): Generator<Buffer> {
    for (const packed of this.#packed) yield zstdDecompressSync(packed)
    yield this.#slab.subarray(0, this.#used)
  }

  #pack(): void {
    // zlib's answer may be a part of something larger
    const packed = Buffer.from(zstdCompressSync(this.#slab, quick))
    this.#packed.push(packed)
    this.keptBytes += packed.length
    this.#used = 0
  }
}
