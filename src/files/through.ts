import type { Transform } from "node:stream"
import { pipeline } from "node:stream/promises"

/** What a transforming stream makes of the chunks, as it makes it. Fails as they do; leaving the loop ends both. */
export async function* through(transform: Transform, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const fed = pipeline(chunks, transform)
  fed.catch(() => undefined) // told by the stream as well
  for await (const chunk of transform as AsyncIterable<Buffer>) yield chunk
  await fed
}
