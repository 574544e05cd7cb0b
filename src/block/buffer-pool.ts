/** Sizes in bytes of pooled buffers: a header and padding more than what is read into them. */
const spare = 64
const sizes = [16 * 1024 + spare, 64 * 1024 + spare, 256 * 1024 + spare, 1024 * 1024 + spare]

/** How many unused buffers of each size are kept. */
const kept = [128, 32, 48, 12] as const

/** Buffers used again and again: allocating 256 KiB per PDU would cost more than reading it. */
export class BufferPool {
  readonly #free: Buffer[][] = sizes.map(() => [])

  /** A buffer of at least this many bytes, with old content in it. */
  take(bytes: number): Buffer {
    const index = sizes.findIndex((size) => size >= bytes)
    return this.#free[index]?.pop() ?? Buffer.allocUnsafeSlow(sizes[index] ?? bytes)
  }

  /** Gives back a buffer that nothing refers to any more. */
  give(buffer: Buffer): void {
    const index = sizes.indexOf(buffer.length)
    const free = this.#free[index]
    if (free && free.length < (kept[index] ?? 0)) free.push(buffer)
  }
}
