/** Hands out exactly as many bytes as asked for from a stream that comes in pieces. Holds what was pushed and not taken. */
export class ByteReader {
  #chunks: Buffer[] = []
  #available = 0

  get available(): number {
    return this.#available
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#available += chunk.length
  }

  /** The next `count` bytes, or undefined while there are fewer. */
  take(count: number): Buffer | undefined {
    if (this.#available < count) return undefined
    const first = this.#chunks[0]
    if (!first || first.length < count) this.#chunks = [Buffer.concat(this.#chunks)]
    const whole = this.#chunks[0] ?? Buffer.alloc(0)
    this.#available -= count
    if (whole.length === count) this.#chunks.shift()
    else this.#chunks[0] = whole.subarray(count)
    return whole.subarray(0, count)
  }

  /** Drops up to `count` bytes; says how many. */
  skip(count: number): number {
    const skipped = Math.min(count, this.#available)
    this.take(skipped)
    return skipped
  }
}
