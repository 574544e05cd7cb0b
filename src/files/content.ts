import { createHash } from "node:crypto"
import { RecoveryError } from "../api/reasons.ts"
import { fileType } from "./entry.ts"
import type { Exchange } from "./exchange.ts"
import { displayName, percentEncode } from "./names.ts"
import { splitPath } from "./path.ts"
import { type ByteRange, parseRange } from "./range.ts"
import type { Route } from "./route.ts"
import { send } from "./send.ts"
import type { Attributes, VolumeReader } from "./source.ts"

type ContentRoute = Route & { kind: "content" }

/** GET and HEAD .../content: a file's bytes, or one range of them. Symbolic links are followed within the volume. */
export async function sendContent(exchange: Exchange, route: ContentRoute): Promise<void> {
  const reader = await exchange.source.open(route.volume)
  try {
    await sendFile(exchange, route, reader)
  } finally {
    reader.release()
  }
}

async function sendFile(exchange: Exchange, route: ContentRoute, reader: VolumeReader): Promise<void> {
  const { request, response, usage } = exchange
  const attributes = await reader.stat(route.path)
  refuseSpecial(route.path, attributes)
  const size = attributes.sizeBytes
  const etag = entityTag(route, attributes)
  setEntityHeaders(exchange, route, etag, attributes)
  if (request.headers["if-none-match"] === etag) {
    response.writeHead(304).end()
    return
  }
  const stale = request.headers["if-range"] !== undefined && request.headers["if-range"] !== etag
  const range: ByteRange = stale ? { kind: "whole" } : parseRange(request.headers.range, size)
  if (range.kind === "unsatisfiable") {
    response.setHeader("Content-Range", `bytes */${size}`)
    throw new RecoveryError("RangeNotSatisfiable", `${displayName(route.path)} has ${size} bytes.`)
  }
  const { start, end } = range.kind === "part" ? range : { start: 0, end: size }
  if (range.kind === "part") response.setHeader("Content-Range", `bytes ${start}-${end - 1}/${size}`)
  response.writeHead(range.kind === "part" ? 206 : 200, { "Content-Length": end - start })
  if (request.method === "HEAD") {
    response.end()
    return
  }
  if (start === 0) usage.files(1)
  if (end > start) await sendBytes(exchange, reader, route.path, start, end)
  response.end()
}

async function sendBytes(exchange: Exchange, reader: VolumeReader, path: Buffer, start: number, end: number) {
  let sent = 0
  await send(exchange.response, reader.read(path, { start, end, signal: exchange.signal }), {
    stallMs: exchange.limits.stallMs,
    sent: (bytes) => {
      sent += bytes
      exchange.usage.bytes(bytes)
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

/** A session's volumes never change, so the path, the size and the time say which bytes these are, also after a restart. */
function entityTag(route: ContentRoute, { sizeBytes, mtime }: Attributes): string {
  const hash = createHash("sha256").update(`${route.volume}\0${sizeBytes}\0${mtime}\0`).update(route.path)
  return `"${hash.digest("hex").slice(0, 32)}"`
}

function setEntityHeaders({ response }: Exchange, { path }: ContentRoute, etag: string, { mtime }: Attributes): void {
  const name = splitPath(path).at(-1) ?? Buffer.alloc(0)
  const plain = name.toString("latin1").replace(/[^A-Za-z0-9 ._-]/g, "_")
  const exact = percentEncode(Buffer.from(name.toString()))
  response.setHeader("Content-Type", "application/octet-stream")
  response.setHeader("Content-Disposition", `attachment; filename="${plain}"; filename*=UTF-8''${exact}`)
  response.setHeader("Accept-Ranges", "bytes")
  response.setHeader("ETag", etag)
  const modified = new Date(mtime * 1000)
  if (!Number.isNaN(modified.getTime())) response.setHeader("Last-Modified", modified.toUTCString())
}
