import { RecoveryError, reasonOf } from "../api/reasons.ts"
import type { Volume } from "../guest/catalogue.ts"
import { entryOf } from "./entry.ts"
import { beginStream, type Exchange } from "./exchange.ts"
import { displayName, percentEncode } from "./names.ts"
import { paced } from "./paced.ts"
import { maxPathBytes, splitPath } from "./path.ts"
import type { SearchQuery } from "./queries.ts"
import type { RouteTo } from "./route.ts"
import type { SearchLine } from "./schemas.ts"
import { send } from "./send.ts"
import type { FoundFile } from "./source.ts"
import { problemOf } from "./status.ts"
import { coarsely, matcher } from "./wanted.ts"

/** Without a match for so long, a line says that the search goes on. */
const beatMs = 5_000

/**
 * GET /v1/search: a line of JSON for each file as it is found, volume after volume; schemas.ts tells the lines. What goes
 * wrong in one volume is a line, and the others are searched. Memory is that of a batch.
 */
export async function sendSearch(exchange: Exchange, route: RouteTo<"search">): Promise<void> {
  if (!beginStream(exchange, { "Content-Type": "application/x-ndjson" })) return
  const { response, limits, tally } = exchange
  const lines = encoded(search(exchange, route))
  await send(response, lines, { stallMs: limits.stallMs, sent: (bytes) => tally.sent(bytes) })
  response.end()
}

async function* encoded(lines: AsyncIterable<SearchLine[]>): AsyncGenerator<Buffer> {
  for await (const batch of lines) yield Buffer.from(batch.map((line) => `${JSON.stringify(line)}\n`).join(""))
}

async function* search(exchange: Exchange, query: SearchQuery): AsyncGenerator<SearchLine[]> {
  const { signal, source, tally, log } = exchange
  const searched: string[] = []
  const skipped: string[] = []
  let truncated = false
  for (const volume of volumesOf(source.catalogue().volumes, query)) {
    try {
      if (!truncated) {
        yield [{ event: "searching", volume }]
        for await (const found of inVolume(exchange, volume, query)) {
          const told = found.slice(0, query.limit - tally.count)
          tally.matches(told.length)
          yield told.length > 0 ? told.map((file) => matchLine(volume, file)) : [{ event: "searching", volume }]
          truncated = told.length < found.length
          if (truncated) break
        }
      }
      if (truncated) skipped.push(volume)
      else searched.push(volume)
    } catch (error) {
      signal.throwIfAborted()
      log.warn({ volume, err: error }, "a volume was not searched to its end")
      skipped.push(volume)
      yield [{ event: "problem", volume, ...problemOf(error) }]
    }
  }
  yield [{ event: "end", complete: skipped.length === 0, matches: tally.count, truncated, searched, skipped }]
}

/** What was named, or all that hold files, those that can't be mounted too: that they are left out must be told. */
function volumesOf(volumes: readonly Volume[], { volume: named }: SearchQuery): string[] {
  if (named.length > 0) return [...new Set(named)]
  return volumes.filter(({ state, kind }) => state !== "Unsupported" || kind === "filesystem").map(({ path }) => path)
}

/** The files of one volume that match, in batches; an empty one when there was none for a while. */
async function* inVolume(exchange: Exchange, volume: string, query: SearchQuery): AsyncGenerator<FoundFile[]> {
  const { source, signal } = exchange
  if (!(await hasFolder(exchange, volume, query))) return
  const matches = matcher(query)
  let tooDeep = 0
  for await (const batch of paced(source.search(volume, query.path, coarsely(query), { signal }), beatMs)) {
    const found = (batch ?? []).filter(matches)
    const nameable = found.filter(({ path }) => path.length <= maxPathBytes)
    tooDeep += found.length - nameable.length
    if (batch === undefined || nameable.length > 0) yield nameable
  }
  if (tooDeep > 0)
    throw new RecoveryError(
      "UnsafePath",
      `${tooDeep} files lie too deep to be named; archives of their folders hold them.`,
    )
}

/** Whether there is something to search; where no volume was named, most need not have the folder. */
async function hasFolder({ source }: Exchange, volume: string, query: SearchQuery): Promise<boolean> {
  const reader = await source.open(volume)
  try {
    await reader.stat(query.path)
    return true
  } catch (error) {
    if (query.volume.length === 0 && reasonOf(error) === "PathNotFound") return false
    throw error
  } finally {
    reader.release()
  }
}

function matchLine(volume: string, file: FoundFile): SearchLine {
  const { path, linkTarget } = file
  return {
    event: "match",
    volume,
    path: percentEncode(path, "/"),
    displayPath: displayName(path),
    ...entryOf(splitPath(path).at(-1) ?? Buffer.alloc(0), file, linkTarget),
  }
}
