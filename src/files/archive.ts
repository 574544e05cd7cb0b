import { beginStream, type Exchange } from "./exchange.ts"
import { send } from "./send.ts"
import type { RouteTo } from "./route.ts"
import { TarCounter } from "./tar/counter.ts"

/**
 * GET .../tar: a tar stream (POSIX pax, numeric owners, ACLs and extended attributes) of a path and all below it. Made
 * on the fly, so its length is unknown and a failure midway can only break the connection: an archive that ends well
 * is complete.
 */
export async function sendArchive(exchange: Exchange, route: RouteTo<"tar">): Promise<void> {
  const { source, response, tally, limits, signal } = exchange
  const reader = await source.open(route.volume)
  try {
    await reader.lstat(route.path)
  } finally {
    reader.release()
  }
  const chunks = source.tar(route.volume, [route.path], { signal })[Symbol.asyncIterator]()
  try {
    // the first block decides between an answer and an error
    const first = await chunks.next()
    if (!beginStream(exchange, { "Content-Type": "application/x-tar", "Content-Disposition": "attachment" })) return
    if (!first.done) {
      const all = counted(chained(first.value, chunks), (files) => tally.files(files))
      await send(response, all, { stallMs: limits.stallMs, sent: (bytes) => tally.sent(bytes) })
    }
    response.end()
  } finally {
    await chunks.return?.()
  }
}

async function* chained(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  yield first
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value
}

async function* counted(chunks: AsyncIterable<Buffer>, begun: (files: number) => void): AsyncGenerator<Buffer> {
  const counter = new TarCounter()
  for await (const chunk of chunks) {
    const before = counter.files
    counter.push(chunk)
    if (counter.files > before) begun(counter.files - before)
    yield chunk
  }
}
