import type { AddressInfo, Socket } from "node:net"
import type { Logger } from "pino"
import { answer, type ServiceState, type Way } from "./answer.ts"
import { where } from "./audit/request.ts"
import { AuditTrail } from "./audit/trail.ts"
import { basicAuth, type Credentials, passwordCheck } from "./auth.ts"
import { defaultLimits, type FileServiceLimits } from "./limits.ts"
import { Listings } from "./listings.ts"
import { listenLocally } from "./local-socket.ts"
import { refusedLogins } from "./refused-logins.ts"
import { httpsServer, listening, localServer } from "./servers.ts"
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
  /** A unix socket to serve at as well, without a password: for who may open it, whose right to the files that is. */
  readonly localSocket?: string | undefined
}

/** What answers get to be recorded once their connections are gone, milliseconds. */
const lastWordsMs = 1000

/** Who may open the socket may read the files. */
const byExec: Way = { via: "exec", login: () => ({ who: "exec", rights: ["files"] }) }

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
    usage: options.usage ?? new UsageCounter(),
    audit,
    loginRefused: refusals.refused,
    listings: new Listings(options.source, limits.openListings),
    underWay: new Set(),
    underWayOf: { archives: 0, searches: 0 },
    draining: false,
  }
  const login = basicAuth(passwordCheck([options.credentials].flat()))
  const server = httpsServer(options, limits, (...exchange) => answer(state, { via: "https", login }, ...exchange))
  const local = localServer(limits, (...exchange) => answer(state, byExec, ...exchange))
  const sockets = new Set<Socket>()
  // also those that never finish their handshake, which the HTTP server doesn't know
  for (const one of [server, local])
    one.on("connection", (socket: Socket) => {
      sockets.add(socket)
      socket.once("close", () => sockets.delete(socket))
    })
  await listening(server, { host: options.host, port: options.port })
  let closed: Promise<void> | undefined
  const closeServer = async () => {
    await Promise.all([server, local].map((one) => new Promise<void>((resolve) => one.close(() => resolve()))))
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
  if (options.localSocket !== undefined)
    await listenLocally(local, options.localSocket).catch(async (error: unknown) => {
      await close()
      throw error
    })
  return { port: (server.address() as AddressInfo).port, audit, usage: () => state.usage.snapshot(), drain, close }
}

/** Waits until all have ended, at most `graceMs` milliseconds. */
async function settledWithin(tasks: Iterable<Promise<void>>, graceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs)))
  await Promise.race([Promise.allSettled(tasks), late])
  clearTimeout(timer)
}
