import { createHash } from "node:crypto"
import { secondOf } from "../api/nanoseconds.ts"
import { RecoveryError } from "../api/reasons.ts"
import { contentType, isShown } from "./content-type.ts"
import { disposition } from "./disposition.ts"
import { fileType } from "./entry.ts"
import { type Exchange, sendProblem } from "./exchange.ts"
import { displayName } from "./names.ts"
import { splitPath } from "./path.ts"
import { evaluate, type Validators } from "./preconditions.ts"
import { type ByteRange, parseRange } from "./range.ts"
import type { RouteTo } from "./route.ts"
import { send } from "./send.ts"
import type { Attributes, VolumeReader } from "./source.ts"

/** GET and HEAD .../content: a file's bytes, or one range of them. Symbolic links are followed within the volume. */
export async function sendContent(exchange: Exchange, route: RouteTo<"content">): Promise<void> {
  const reader = await exchange.source.open(route.volume)
  try {
    await sendFile(exchange, route, reader)
  } finally {
    reader.release()
  }
}

async function sendFile(exchange: Exchange, route: RouteTo<"content">, reader: VolumeReader): Promise<void> {
  const { request, response, tally } = exchange
  const attributes = await reader.stat(route.path)
  refuseSpecial(route.path, attributes)
  const size = attributes.sizeBytes
  const validators = validatorsOf(exchange.session, route, attributes)
  setEntityHeaders(exchange, route, validators)
  const conditions = evaluate(request.headers, validators)
  if (conditions === 304) {
    response.writeHead(304).end()
    return
  }
  if (conditions === 412) {
    sendProblem(response, { code: "UsageError", message: `${displayName(route.path)} is not the file asked for.` }, 412)
    return
  }
  const range: ByteRange = conditions.rangeHolds ? parseRange(request.headers.range, size) : { kind: "whole" }
  if (range.kind === "unsatisfiable") {
    response.setHeader("Content-Range", `bytes */${size}`)
    throw new RecoveryError("RangeNotSatisfiable", `${displayName(route.path)} has ${size} bytes.`)
  }
  const { start, end } = range.kind === "part" ? range : { start: 0, end: size }
  if (range.kind === "part") response.setHeader("Content-Range", `bytes ${start}-${end - 1}/${size}`)
  response.writeHead(range.kind === "part" ? 206 : 200, { "Content-Length": end - start })
  if (request.method !== "HEAD") {
    if (start === 0) tally.files(1)
    if (end > start) await sendBytes(exchange, reader, route.path, start, end)
  }
  response.end()
}

async function sendBytes(exchange: Exchange, reader: VolumeReader, path: Buffer, start: number, end: number) {
  let sent = 0
  await send(exchange.response, reader.read(path, { start, end, signal: exchange.signal, lent: true }), {
    lent: true,
    stallMs: exchange.limits.stallMs,
    sent: (bytes) => {
      sent += bytes
      exchange.tally.sent(bytes)
    },
  })
  if (sent !== end - start)
    throw new RecoveryError("VolumeCorrupt", `${displayName(path)} ended after ${start + sent} bytes, not at ${end}.`)
}

function refuseSpecial(path: Buffer, attributes: Attributes): void {
  const type = fileType(attributes)
  if (type === "directory") throw new RecoveryError("IsADirectory", `${displayName(path)} is a directory.`)
  if (type !== "file") throw new RecoveryError("AccessDenied", `${displayName(path)} is a ${type}: it has no content.`)
}

/**
 * A session's volumes never change, so its UID, the path, the size and the time say which bytes these are, also after a
 * restart. Another session may be of another recovery point: its tags are others.
 */
function validatorsOf(session: string, route: RouteTo<"content">, { sizeBytes, mtimeNs }: Attributes): Validators {
  const seconds = secondOf(mtimeNs)
  const hash = createHash("sha256").update(`${session}\0${route.volume}\0${sizeBytes}\0${seconds}\0`).update(route.path)
  const modified = new Date(seconds * 1000)
  // years of fewer digits are not read as such by everybody
  const known = modified.getUTCFullYear() >= 1000 && modified.getUTCFullYear() < 10_000
  return { etag: `"${hash.digest("hex").slice(0, 32)}"`, modified: known ? modified : undefined }
}

function setEntityHeaders({ response }: Exchange, { path, inline }: RouteTo<"content">, validators: Validators): void {
  const type = contentType(path)
  const show = inline && isShown(type)
  response.setHeader("Content-Type", type)
  response.setHeader("Content-Disposition", disposition(show ? "inline" : "attachment", splitPath(path).at(-1)))
  // the page may frame what is to be looked at; it still runs nothing and belongs to no origin
  if (show) response.setHeader("Content-Security-Policy", "default-src 'none'; frame-ancestors 'self'; sandbox")
  response.setHeader("Accept-Ranges", "bytes")
  response.setHeader("ETag", validators.etag)
  if (validators.modified) response.setHeader("Last-Modified", validators.modified.toUTCString())
}
