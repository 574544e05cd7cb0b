import { constants } from "node:crypto"
import { createServer, type Server } from "node:https"
import type { AddressInfo, Socket } from "node:net"
import type { Logger } from "pino"
import { answer, type ServiceState } from "./answer.ts"
import { where } from "./audit/request.ts"
import { AuditTrail } from "./audit/trail.ts"
import { basicAuth, type Credentials, passwordCheck } from "./auth.ts"
import { defaultLimits, type FileServiceLimits, maxHeadBytes } from "./limits.ts"
import { Listings } from "./listings.ts"
import { refusedLogins } from "./refused-logins.ts"
import type { FileSource } from "./source.ts"
import { type Usage, UsageCounter } from "./usage.ts"

export interface FileServiceOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** PEM. */
  readonly tls: { readonly key: string; readonly cert: string }
  readonly credentials: Credentials | readonly Credentials[]
  /** UID of the session. */
  readonly session: string
  readonly source: FileSource
  readonly log: Logger
  /** Where what is done is recorded, and who ends it; absent: a trail of its own, kept in memory. */
  readonly audit?: AuditTrail
  /** Where use is counted, when others count there too. */
  readonly usage?: UsageCounter
  readonly limits?: Partial<FileServiceLimits>
}

/** What answers get to be recorded once their connections are gone, milliseconds. */
const lastWordsMs = 1000

/** A running file service. */
export interface FileService {
  readonly port: number
  usage(): Usage
  readonly audit: AuditTrail
  /** Refuses new requests at once, gives those under way `graceMs` milliseconds, then closes. */
  drain(graceMs: number): Promise<void>
  /** Breaks every connection and stops listening. Safe to call twice. */
  close(): Promise<void>
}

/**
 * Serves the files of a session over HTTPS (TLS 1.3, HTTP Basic): catalogue, listings, single files with ranges, archives,
 * manifests, search; docs/http-api.md tells it. It reads what a FileSource gives; names are bytes everywhere. Rejects when it can't listen.
 */
export async function startFileService(options: FileServiceOptions): Promise<FileService> {
  const limits = { ...defaultLimits, ...options.limits }
  const audit = options.audit ?? new AuditTrail({ session: options.session })
  const refusals = refusedLogins((count, client) => {
    options.log.warn({ reason: "LoginRefused", client, refused: count }, "login refused")
    audit.record({ event: "LoginRefused", via: "https", ...where(client), count, outcome: "LoginRefused" })
  })
  const state: ServiceState = {
    source: options.source,
    session: options.session,
    log: options.log,
    limits,
    login: basicAuth(passwordCheck([options.credentials].flat())),
    usage: options.usage ?? new UsageCounter(),
    audit,
    loginRefused: refusals.refused,
    listings: new Listings(options.source, limits.openListings),
    underWay: new Set(),
    underWayOf: { archives: 0, searches: 0 },
    draining: false,
  }
  const server = makeServer(options, state)
  const sockets = new Set<Socket>()
  // also those that never finish their handshake, which the HTTP server doesn't know
  server.on("connection", (socket: Socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(options.port, options.host, () => resolve())
  })
  let closed: Promise<void> | undefined
  const closeServer = async () => {
    await new Promise<void>((resolve) => server.close(() => resolve()))
    // those whose connections are broken say so, unless a disk that doesn't answer holds them
    await settledWithin(state.underWay, lastWordsMs)
    if (options.audit === undefined) audit.stop()
  }
  const close = () => {
    state.draining = true
    state.listings.close()
    refusals.flush()
    closed ??= closeServer()
    for (const socket of sockets) socket.destroy()
    return closed
  }
  const drain = async (graceMs: number) => {
    state.draining = true
    await settledWithin(state.underWay, graceMs)
    await close()
  }
  return { port: (server.address() as AddressInfo).port, audit, usage: () => state.usage.snapshot(), drain, close }
}

function makeServer({ tls, log }: FileServiceOptions, state: ServiceState): Server {
  const { limits } = state
  const server = createServer(
    {
      ...tls,
      minVersion: "TLSv1.3",
      secureOptions: constants.SSL_OP_NO_TICKET,
      ALPNProtocols: ["http/1.1"],
      handshakeTimeout: limits.handshakeMs,
      maxHeaderSize: maxHeadBytes,
      headersTimeout: limits.headersMs,
      requestTimeout: limits.headersMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: Math.min(5000, limits.headersMs),
    },
    (request, response) => answer(state, request, response),
  )
  server.maxConnections = limits.connections
  // handshakes that fail or take too long come here as well (https.Server), and have nobody to be answered
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    log.debug({ reason: error.message }, "connection refused")
    const isHttp = /^(HPE_|ERR_HTTP_)/.test(error.code ?? "")
    if (isHttp && socket.writable)
      socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", () => socket.destroy())
    else socket.destroy()
  })
  return server
}

/** Waits until all have ended, at most `graceMs` milliseconds. */
async function settledWithin(tasks: Iterable<Promise<void>>, graceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs)))
  await Promise.race([Promise.allSettled(tasks), late])
  clearTimeout(timer)
}
