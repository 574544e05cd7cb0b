/** Chunks of which the first is already there. */
export interface Primed {
  /** Undefined when there are none at all. */
  readonly first: Buffer | undefined
  /** All of them, the first too. */
  readonly all: AsyncGenerator<Buffer>
  /** Ends what they come from, also when none was read. Safe to call twice. */
  readonly close: () => Promise<void>
}

/** Waits for the first chunk: whether an answer can be given at all is then known before it begins. */
export async function primed(chunks: AsyncIterable<Buffer>): Promise<Primed> {
  const iterator = chunks[Symbol.asyncIterator]()
  const first = await iterator.next()
  async function* all() {
    try {
      for (let next = first; !next.done; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  }
  const close = async () => void (await iterator.return?.())
  return { first: first.done ? undefined : first.value, all: all(), close }
}
