import type { IncomingMessage, ServerResponse } from "node:http"
import type { Logger } from "pino"
import { type Reason, RecoveryError, reasonOf } from "../api/reasons.ts"
import { sendArchive } from "./archive.ts"
import { type Account, clientOf, recordRequest, where } from "./audit/request.ts"
import { sendAudit } from "./audit/send.ts"
import type { AuditTrail } from "./audit/trail.ts"
import type { Login, Right } from "./auth.ts"
import { sendContent } from "./content.ts"
import { sendList, sendStat } from "./describe.ts"
import { type Exchange, sendJson, sendProblem, setSafety } from "./exchange.ts"
import type { FileServiceLimits } from "./limits.ts"
import type { Listings } from "./listings.ts"
import { sendManifest } from "./manifest.ts"
import { openApi } from "./openapi.ts"
import { parseRoute, type Route } from "./route.ts"
import type { FileSource } from "./source.ts"
import { sendSearch } from "./search.ts"
import { finished } from "./send.ts"
import { problemOf } from "./status.ts"
import { Tally } from "./tally.ts"
import type { UsageCounter } from "./usage.ts"

/** What holds one of the guest's ports: never all of them. */
type Few = "archives" | "searches"

/** How requests come to a service, and who is behind one, by its header Authorization. */
export interface Way {
  readonly via: "https" | "exec"
  readonly login: (header: string | undefined) => Login | undefined
}

/** What all requests of one service share. */
export interface ServiceState {
  readonly source: FileSource
  readonly log: Logger
  readonly limits: FileServiceLimits
  /** UID of the session. */
  readonly session: string
  readonly usage: UsageCounter
  readonly audit: AuditTrail
  /** Told of each, with the client's address. */
  readonly loginRefused: (client?: string) => void
  readonly listings: Listings
  /** Requests being answered. */
  readonly underWay: Set<Promise<void>>
  /** Those of them that are few. */
  readonly underWayOf: Record<Few, number>
  draining: boolean
}

/** Answers one request and never rejects: every failure becomes a status, or a broken connection once bytes have left. */
export function answer(state: ServiceState, way: Way, request: IncomingMessage, response: ServerResponse): void {
  setSafety(response)
  const account: Account = { client: clientOf(request), via: way.via, tally: new Tally(state.usage) }
  const done = dispatch(state, way, request, response, account)
    .then(() => finished(response, state.limits.stallMs))
    .then(
      () => undefined,
      (error: unknown) => fail(state, request, response, error),
    )
    .then((failure) => recordRequest(state.audit, account, request, response, failure))
    .finally(() => state.underWay.delete(done))
  state.underWay.add(done)
}

async function dispatch(
  state: ServiceState,
  { via, login: logIn }: Way,
  request: IncomingMessage,
  response: ServerResponse,
  account: Account,
): Promise<void> {
  if (request.url === "/healthz" && /^(?:GET|HEAD)$/.test(request.method ?? ""))
    return sendJson(response, { status: "ok" })
  const login = logIn(request.headers.authorization)
  if (login === undefined) throw new RecoveryError("LoginRefused", "The user name or the password is wrong.")
  account.login = login
  if (state.usage.request(request.socket))
    state.audit.record({ event: "Login", via, who: login.who, ...where(account.client), outcome: "Ok" })
  const route = parseRoute(request.url ?? "/")
  account.route = route
  if (state.draining) throw new RecoveryError("Releasing", "The session is being unmounted.")
  if (state.underWay.size >= state.limits.requests)
    throw new RecoveryError("Busy", "Too many requests are being answered.")
  const needed = rightFor(route)
  if (!login.rights.includes(needed)) throw new RecoveryError("AccessDenied", `That needs the right to read ${needed}.`)
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD")
    sendProblem(response, { code: "UsageError", message: "Files are read only: use GET." }, 405)
    return
  }
  const gone = new AbortController()
  response.once("close", () => gone.abort(new RecoveryError("ConnectionLost", "The client went away.")))
  await perform(state, { ...state, request, response, tally: account.tally, signal: gone.signal }, route)
}

const rightFor = (route: Route): Right => (route.kind === "audit" ? "audit" : "files")

async function perform(state: ServiceState, exchange: Exchange, route: Route): Promise<void> {
  switch (route.kind) {
    case "health":
      return sendJson(exchange.response, { status: "ok" })
    case "openapi":
      return sendJson(exchange.response, openApi())
    case "volumes":
      return sendJson(exchange.response, state.source.catalogue())
    case "list":
      return sendList(exchange, route)
    case "stat":
      return sendStat(exchange, route)
    case "content":
      return sendContent(exchange, route)
    case "tar": {
      const whole = { format: "tar", hardLinks: "links", headersOnly: false } as const
      return perform(state, exchange, { ...route, ...whole, kind: "archive", path: [route.path] })
    }
    case "archive":
      return oneOfFew(state, "archives", () => sendArchive(exchange, route))
    case "sha256":
      return oneOfFew(state, "archives", () => sendManifest(exchange, route))
    case "audit":
      return sendAudit(exchange, state.audit)
    case "search":
      return oneOfFew(state, "searches", () => sendSearch(exchange, route))
  }
}

async function oneOfFew(state: ServiceState, few: Few, answer: () => Promise<void>): Promise<void> {
  const most = state.limits[few]
  if (state.underWayOf[few] >= most) throw new RecoveryError("Busy", `${most} ${few} are under way already.`)
  state.underWayOf[few]++
  try {
    await answer()
  } finally {
    state.underWayOf[few]--
  }
}

function fail(state: ServiceState, request: IncomingMessage, response: ServerResponse, error: unknown): Reason {
  const code = reasonOf(error)
  const fields = { reason: code, client: request.socket.remoteAddress, err: error }
  // what the client did is for whoever looks closely; what we couldn't do is for everybody
  if (code === "Internal" || code === "GuestFailed" || code === "VolumeCorrupt")
    state.log.error(fields, "request failed")
  else if (code === "LoginRefused") state.loginRefused(fields.client)
  else state.log.debug(fields, "request refused")
  if (!response.destroyed) sendProblem(response, problemOf(error))
  return code
}
