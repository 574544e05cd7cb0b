import type { IncomingMessage, ServerResponse } from "node:http"
import type { Logger } from "pino"
import type { FileServiceLimits } from "./limits.ts"
import type { Listings } from "./listings.ts"
import { httpStatus } from "./status.ts"
import type { Problem } from "./schemas.ts"
import type { FileSource } from "./source.ts"
import type { Tally } from "./tally.ts"

/** One request being answered, with all its answer may need. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal
  readonly source: FileSource
  readonly listings: Listings
  readonly log: Logger
  readonly tally: Tally
  readonly limits: FileServiceLimits
  /** UID of the session. */
  readonly session: string
}

/** Files of strangers are data: no browser may run, frame, sniff or keep them. */
const safety = {
  "X-Content-Type-Options": "nosniff",
  "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
}

/** Headers of every answer, so that a browser runs and keeps nothing of a hostile disk. */
export function setSafety(response: ServerResponse): void {
  for (const [name, value] of Object.entries(safety)) response.setHeader(name, value)
}

export function sendJson(response: ServerResponse, body: unknown, status = 200): void {
  const text = Buffer.from(JSON.stringify(body))
  response.writeHead(status, { "Content-Type": "application/json", "Content-Length": text.length })
  response.end(text)
}

/** Headers of a file, not of what is said of it. */
const entityHeaders = ["Content-Disposition", "Content-Length", "ETag", "Last-Modified", "Accept-Ranges"]

/** Begins a body of unknown length; false when only its head was asked for, which is then all. */
export function beginStream({ request, response }: Exchange, headers: Record<string, string>): boolean {
  response.writeHead(200, headers)
  if (request.method !== "HEAD") return true
  response.end()
  return false
}

/** Before the first byte of a body a problem is told; after it, only a broken connection says that the body is incomplete. */
export function sendProblem(response: ServerResponse, problem: Problem, status = httpStatus(problem.code)): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  for (const name of entityHeaders) response.removeHeader(name)
  if (status === 401) {
    response.setHeader("WWW-Authenticate", 'Basic realm="file recovery", charset="UTF-8"')
    response.setHeader("Connection", "close") // strangers hold none of the few connections
  }
  if (status === 429 || status === 503) response.setHeader("Retry-After", "1")
  sendJson(response, problem, status)
}
