import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http"
import type { AddressInfo } from "node:net"
import { pipeline } from "node:stream/promises"
import { RecoveryError, reasonOf } from "../../api/reasons.ts"
import type { FilesClient } from "../../client/files-client.ts"
import type { PageAssets } from "./assets.ts"
import { Guard } from "./guard.ts"
import { hashesAsked, sendHashes } from "./hashes.ts"
import { contentHeaders, documentHeaders, pageHeaders, toBrowser, toService } from "./headers.ts"
import type { BrowsedSession } from "./session.ts"

export interface ProxyOptions {
  readonly files: FilesClient
  readonly session: BrowsedSession
  readonly assets: PageAssets
  /** 0: any free port. */
  readonly port: number
  /** Told once the page has come with its token. */
  readonly opened?: () => void
}

/** The page and what it asks, on this machine only. */
export interface BrowseProxy {
  /** `http://127.0.0.1:PORT/#token=...`: whoever has it can read the session's files as long as this runs. */
  readonly url: string
  close(): Promise<void>
}

const loopback = "127.0.0.1"
const statuses: Readonly<Record<string, number>> = {
  SessionNotFound: 404,
  PathNotFound: 404,
  LoginRefused: 403,
  AccessDenied: 403,
  UsageError: 400,
}

/**
 * Serves the web page of a session on loopback, and hands what it asks on to the session's file service with the user's
 * credentials, which the browser never gets. A second port, another origin to the browser, serves documents and nothing
 * else. Rejects with UsageError when the port is taken.
 */
export async function startProxy(options: ProxyOptions): Promise<BrowseProxy> {
  const guard = new Guard()
  let page = ""
  let documents = ""
  const pages = createServer((request, response) =>
    handle(request, response, page, async (target) => {
      if (await sendAsset(options.assets, documents, target, response)) return
      const signed = guard.signedTarget(target)
      if (signed !== undefined) return forward(options.files, request, response, signed, contentHeaders)
      if (!guard.hasToken(request.headers.authorization))
        throw new RecoveryError(
          "LoginRefused",
          "Open the address that “kubectl recover browse” printed: it has the token.",
        )
      options.opened?.()
      if (target.startsWith("/v1/")) return forward(options.files, request, response, target, contentHeaders)
      return sendJson(response, { ...(await act(options.session, request.method ?? "", target)), documents })
    }),
  )
  const others = createServer((request, response) =>
    handle(request, response, documents, async (target) => {
      const signed = guard.signedTarget(target)
      if (signed === undefined) throw new RecoveryError("LoginRefused", "Only documents that the page names are here.")
      const headers = { ...documentHeaders(page), "content-type": "application/pdf", "content-disposition": "inline" }
      return forward(options.files, request, response, signed, headers)
    }),
  )
  await listen(pages, options.port)
  await listen(others, 0)
  page = originOf(pages)
  documents = originOf(others)
  return {
    url: `${page}/#token=${guard.token}`,
    close: async () => {
      await Promise.all([pages, others].map(shut))
    },
  }
}

/** One request of this origin. A name that was made to lead here (DNS rebinding) isn't its host. */
async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  origin: string,
  answer: (target: string) => Promise<void>,
): Promise<void> {
  try {
    if (`http://${request.headers.host}` !== origin)
      throw new RecoveryError("LoginRefused", `This is ${origin}, and nothing else.`)
    await answer(request.url ?? "/")
  } catch (error) {
    if (response.headersSent) response.destroy()
    else {
      const code = reasonOf(error)
      const message = error instanceof Error ? error.message : String(error)
      sendJson(response, { code, message }, statuses[code] ?? 502)
    }
  }
}

async function sendAsset(assets: PageAssets, documents: string, target: string, response: ServerResponse) {
  const known: Record<string, [type: string, text: string]> = {
    "/": ["text/html; charset=utf-8", assets.html],
    "/page.js": ["text/javascript; charset=utf-8", assets.js],
    "/page.css": ["text/css; charset=utf-8", assets.css],
    "/icon.svg": ["image/svg+xml", assets.icon],
  }
  const [type, text] = known[target] ?? []
  if (type === undefined) return false
  response.writeHead(200, { ...pageHeaders(documents), "content-type": type }).end(text)
  return true
}

async function act(session: BrowsedSession, method: string, target: string) {
  const action = `${method} ${target}`
  if (action === "POST /api/session/extend") await session.extend()
  else if (action === "POST /api/session/unmount") await session.unmount()
  else if (action !== "GET /api/session") throw new RecoveryError("PathNotFound", `There is no ${target} here.`)
  return session.info()
}

/** Passes a request on, and its answer back, as fast as the browser takes it. */
async function forward(
  files: FilesClient,
  request: IncomingMessage,
  response: ServerResponse,
  target: string,
  headers: OutgoingHttpHeaders,
): Promise<void> {
  if (request.method !== "GET" && request.method !== "HEAD")
    throw new RecoveryError("UsageError", "Files are read only: use GET.")
  const hashes = request.method === "GET" ? hashesAsked(target) : undefined
  if (hashes) return sendHashes(files, hashes, response, { ...contentHeaders, ...headers })
  const answer = await files.forward(request.method, target, toService(request.headers))
  const isGood = (answer.statusCode ?? 500) < 300
  response.writeHead(answer.statusCode ?? 502, {
    ...toBrowser(answer.headers),
    ...contentHeaders,
    ...(isGood ? headers : {}),
  })
  await pipeline(answer, response).catch(() => response.destroy())
}

function sendJson(response: ServerResponse, body: object, status = 200): void {
  response.writeHead(status, { ...contentHeaders, "content-type": "application/json" }).end(JSON.stringify(body))
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (cause: Error) =>
      reject(
        new RecoveryError("UsageError", `Port ${port} can't be used: ${cause.message}. Choose another --port.`, {
          cause,
        }),
      )
    server.once("error", refused).listen(port, loopback, () => resolve())
  })
}

const originOf = (server: Server) => `http://${loopback}:${(server.address() as AddressInfo).port}`

function shut(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeAllConnections()
  return closed
}
