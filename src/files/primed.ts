/**
 * The same chunks, the first of them already there: whether an answer can be given at all is known before it begins.
 * What is returned must be read to its end or left.
 */
export async function primed(chunks: AsyncIterable<Buffer>): Promise<AsyncGenerator<Buffer>> {
  const iterator = chunks[Symbol.asyncIterator]()
  const first = await iterator.next()
  async function* rest() {
    try {
      for (let next = first; !next.done; next = await iterator.next()) yield next.value
    } finally {
      await iterator.return?.()
    }
  }
  return rest()
}
