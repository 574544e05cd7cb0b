import { constants, createZstdCompress } from "node:zlib"
import { RecoveryError } from "../api/reasons.ts"
import { disposition } from "./disposition.ts"
import { beginStream, type Exchange } from "./exchange.ts"
import { outermost, splitPath } from "./path.ts"
import { primed } from "./primed.ts"
import type { ArchiveFormat } from "./queries.ts"
import type { RouteTo } from "./route.ts"
import { send } from "./send.ts"
import { endOfLastRecord } from "./tar/block.ts"
import { TarCounter } from "./tar/counter.ts"
import { readTar } from "./tar/reader.ts"
import { through } from "./through.ts"
import { zipOf } from "./zip/zip.ts"

const mediaTypes: Record<ArchiveFormat, string> = {
  tar: "application/x-tar",
  "tar.zst": "application/zstd",
  zip: "application/zip",
}

/**
 * GET .../archive and .../tar: paths and all below them. A tar is POSIX pax, with numeric owners, ACLs and extended
 * attributes; a zip holds files, directories and symbolic links. Made on the fly, so its length is unknown and a failure
 * midway can only break the connection: an archive that ends well is complete.
 */
export async function sendArchive(exchange: Exchange, route: RouteTo<"archive">): Promise<void> {
  const { source, response, tally, limits, signal } = exchange
  const paths = outermost(route.path)
  await expectAll(exchange, route.volume, paths)
  const { format, headersOnly: headers } = route
  if (headers && format === "zip")
    throw new RecoveryError("UsageError", "headersOnly: a zip holds contents; take a tar.")
  const contents = format === "zip" || route.hardLinks === "files"
  const tar = source.tar(route.volume, paths, { signal, contents, headers })
  // the first bytes of the source decide between an answer and an error
  const { all, close } = await primed(counted(tar, (files) => tally.files(files)))
  const bytes = packed(all, route.format)
  try {
    const headers = {
      "Content-Type": mediaTypes[route.format],
      "Content-Disposition": disposition("attachment", nameOf(route.volume, paths, route.format)),
    }
    if (!beginStream(exchange, headers)) return
    await send(response, bytes, { stallMs: limits.stallMs, sent: (bytes) => tally.sent(bytes) })
    response.end()
  } finally {
    await bytes.return(undefined)
    await close()
  }
}

async function expectAll({ source }: Exchange, volume: string, paths: readonly Buffer[]): Promise<void> {
  const reader = await source.open(volume)
  try {
    for (const path of paths) await reader.lstat(path)
  } finally {
    reader.release()
  }
}

async function* packed(tar: AsyncIterable<Buffer>, format: ArchiveFormat): AsyncGenerator<Buffer> {
  if (format === "zip") yield* zipOf(readTar(tar))
  else if (format === "tar.zst") yield* through(createZstdCompress(quick), tar)
  else yield* tar
}

const quick = { params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 } }

/** More behind the end of an archive than any tar writes to fill its last record, bytes. */
const mostBehind = 2 ** 20

/** The archive, told of while it passes; what GNU tar writes behind its end, up to 64 KiB, is made shorter. */
async function* counted(chunks: AsyncIterable<Buffer>, begun: (files: number) => void): AsyncGenerator<Buffer> {
  const counter = new TarCounter()
  let passed = 0
  let given = 0
  for await (const chunk of chunks) {
    const before = counter.files
    counter.push(chunk)
    if (counter.files > before) begun(counter.files - before)
    const own = chunk.subarray(0, Math.max(0, (counter.end ?? Infinity) - passed))
    passed += chunk.length
    if (passed - (counter.end ?? passed) > mostBehind)
      throw new RecoveryError("VolumeCorrupt", "The archive goes on behind its end.")
    given += own.length
    if (own.length > 0) yield own
  }
  // a part of the end may have been given before it was known to be that
  if (counter.end !== undefined) yield endOfLastRecord(counter.end).subarray(given - counter.end)
}

/** Called after the only path in it, or the volume. */
function nameOf(volume: string, paths: readonly Buffer[], format: ArchiveFormat): Buffer {
  const only = paths.length === 1 ? splitPath(paths[0] ?? Buffer.alloc(0)).at(-1) : undefined
  return Buffer.concat([only ?? Buffer.from(volume), Buffer.from(`.${format}`)])
}
