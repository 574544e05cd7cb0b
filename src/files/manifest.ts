import { createHash } from "node:crypto"
import { RecoveryError } from "../api/reasons.ts"
import { fileType } from "./entry.ts"
import { beginStream, type Exchange } from "./exchange.ts"
import { displayName } from "./names.ts"
import { primed } from "./primed.ts"
import type { RouteTo } from "./route.ts"
import { send } from "./send.ts"
import { withoutDot } from "./tar/names.ts"
import { readTar } from "./tar/reader.ts"

/**
 * GET .../sha256: the hash of a file, or of each file below a directory, in the format of sha256sum, with names relative
 * to the volume's root, as a tar has them. It is computed here, of the stream that archives are made of: in an emulated
 * guest it takes twice as long. Links and devices are left out; a hard link is a file.
 */
export async function sendManifest(exchange: Exchange, route: RouteTo<"sha256">): Promise<void> {
  const { response, limits, tally } = exchange
  const isFile = await whatIsThere(exchange, route)
  const { all: lines, close } = await primed(isFile ? lineOfFile(exchange, route) : linesBelow(exchange, route))
  try {
    if (!beginStream(exchange, { "Content-Type": "text/plain" })) return
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

async function* lineOfFile(
  { source, signal, tally }: Exchange,
  { volume, path }: RouteTo<"sha256">,
): AsyncGenerator<Buffer> {
  const reader = await source.open(volume)
  try {
    const { sizeBytes } = await reader.stat(path)
    const hash = createHash("sha256")
    let length = 0
    for await (const chunk of reader.read(path, { start: 0, end: sizeBytes, signal })) {
      hash.update(chunk)
      length += chunk.length
    }
    if (length !== sizeBytes)
      throw new RecoveryError("VolumeCorrupt", `${displayName(path)} ended after ${length} bytes, not at ${sizeBytes}.`)
    tally.files(1)
    yield manifestLine(hash.digest("hex"), path.subarray(1))
  } finally {
    reader.release()
  }
}

async function* linesBelow(
  { source, signal, tally }: Exchange,
  { volume, path }: RouteTo<"sha256">,
): AsyncGenerator<Buffer> {
  for await (const { header, body } of readTar(source.tar(volume, [path], { signal, contents: true }))) {
    if (header.type !== "file") continue
    const hash = createHash("sha256")
    for await (const chunk of body) hash.update(chunk)
    tally.files(1)
    yield manifestLine(hash.digest("hex"), withoutDot(header.name))
  }
}

/** A line of sha256sum: where a name holds a newline, a carriage return or a backslash, these are escaped, and the line says so. */
export function manifestLine(sum: string, name: Buffer): Buffer {
  const text = name.toString("latin1")
  const escaped = text.replace(/[\\\n\r]/g, (character) => escapes[character] ?? character)
  return Buffer.from(`${escaped === text ? "" : "\\"}${sum}  ${escaped}\n`, "latin1")
}

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r" }
