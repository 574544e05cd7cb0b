import { createHash } from "node:crypto"
import { RecoveryError } from "../api/reasons.ts"
import { fileType } from "./entry.ts"
import { beginStream, type Exchange } from "./exchange.ts"
import { manifestLine } from "./manifest-line.ts"
import { displayName, percentEncode } from "./names.ts"
import { paced } from "./paced.ts"
import { primed } from "./primed.ts"
import type { ManifestFormat } from "./queries.ts"
import type { RouteTo } from "./route.ts"
import type { ManifestEvent } from "./schemas.ts"
import { send } from "./send.ts"
import { withoutDot } from "./tar/names.ts"
import { readTar } from "./tar/reader.ts"

/** How often it is told how far a file is, where that is told. */
const beatMs = 2_000

const mediaTypes: Record<ManifestFormat, string> = { text: "text/plain", ndjson: "application/x-ndjson" }

/**
 * GET .../sha256: the hash of a file, or of each file below a directory, with names relative to the volume's root, as a tar
 * has them: in the format of sha256sum, or as JSON lines that also tell how far it is. It is computed here, of the stream that
 * archives are made of: in an emulated guest it takes twice as long. Links and devices are left out; a hard link is a file.
 */
export async function sendManifest(exchange: Exchange, route: RouteTo<"sha256">): Promise<void> {
  const { response, limits, tally } = exchange
  const isFile = await whatIsThere(exchange, route)
  const files = counted(isFile ? hashOfFile(exchange, route) : hashesBelow(exchange, route), exchange)
  const { all: lines, close } = await primed(route.format === "text" ? sums(files) : events(files))
  try {
    if (!beginStream(exchange, { "Content-Type": mediaTypes[route.format] })) return
    await send(response, lines, { stallMs: limits.stallMs, sent: (bytes) => tally.sent(bytes) })
    response.end()
  } finally {
    await close()
  }
}

/** True for a file, false for a directory. Links lead to files only: tar takes them as what they are. */
async function whatIsThere({ source }: Exchange, { volume, path }: RouteTo<"sha256">): Promise<boolean> {
  const reader = await source.open(volume)
  try {
    const type = fileType(await reader.stat(path))
    if (type === "file") return true
    if (type !== "directory")
      throw new RecoveryError("AccessDenied", `${displayName(path)} is a ${type}: it has no content.`)
    if (fileType(await reader.lstat(path)) === "directory") return false
    throw new RecoveryError("UsageError", `${displayName(path)} is a link to a directory: name that.`)
  } finally {
    reader.release()
  }
}

/** A file of which so much was read; when that was all, with its hash. */
interface Hashing {
  readonly name: Buffer
  readonly sizeBytes: number
  readonly read: number
  readonly sum?: string
}

async function* hashOfFile({ source, signal }: Exchange, { volume, path }: RouteTo<"sha256">): AsyncGenerator<Hashing> {
  const reader = await source.open(volume)
  try {
    const { sizeBytes } = await reader.stat(path)
    yield* hashed(path.subarray(1), sizeBytes, reader.read(path, { start: 0, end: sizeBytes, signal, lent: true }))
  } finally {
    reader.release()
  }
}

async function* hashesBelow(
  { source, signal }: Exchange,
  { volume, path }: RouteTo<"sha256">,
): AsyncGenerator<Hashing> {
  for await (const { header, body } of readTar(source.tar(volume, [path], { signal, contents: true })))
    if (header.type === "file") yield* hashed(withoutDot(header.name), header.sizeBytes, body)
}

async function* hashed(name: Buffer, sizeBytes: number, body: AsyncIterable<Buffer>): AsyncGenerator<Hashing> {
  const hash = createHash("sha256")
  let read = 0
  yield { name, sizeBytes, read }
  for await (const chunk of body) {
    hash.update(chunk)
    read += chunk.length
    yield { name, sizeBytes, read }
  }
  if (read !== sizeBytes)
    throw new RecoveryError("VolumeCorrupt", `${displayName(name)} ended after ${read} bytes, not at ${sizeBytes}.`)
  yield { name, sizeBytes, read, sum: hash.digest("hex") }
}

async function* counted(files: AsyncIterable<Hashing>, { tally }: Exchange): AsyncGenerator<Hashing> {
  for await (const file of files) {
    if (file.sum !== undefined) tally.files(1)
    yield file
  }
}

async function* sums(files: AsyncIterable<Hashing>): AsyncGenerator<Buffer> {
  for await (const { name, sum } of files) if (sum !== undefined) yield manifestLine({ sum, name })
}

async function* events(files: AsyncIterable<Hashing>): AsyncGenerator<Buffer> {
  const line = (event: ManifestEvent) => Buffer.from(`${JSON.stringify(event)}\n`)
  let count = 0
  let toldAt = -Infinity
  let current: Hashing | undefined
  for await (const file of paced(files, beatMs)) {
    current = file ?? current
    if (file?.sum !== undefined) {
      count++
      yield line({ event: "sum", ...placeOf(file), sizeBytes: file.sizeBytes, sha256: file.sum })
    } else if (file === undefined || performance.now() - toldAt >= beatMs) {
      const { read = 0, sizeBytes = 0 } = current ?? {}
      yield line({ event: "reading", ...placeOf(current), readBytes: read, sizeBytes })
    } else continue
    toldAt = performance.now()
  }
  yield line({ event: "end", files: count })
}

const placeOf = ({ name }: Pick<Hashing, "name"> = { name: Buffer.alloc(0) }) => ({
  name: percentEncode(name, "/"),
  display: displayName(name),
})
