import { constants } from "node:crypto"
import type { IncomingMessage, ServerResponse } from "node:http"
import { createServer } from "node:https"
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { TLSSocket } from "node:tls"
import type { Logger } from "pino"
import type { Reason } from "../api/reasons.ts"
import { RecoveryError } from "../api/reasons.ts"
import type { Identity } from "../pki/identity.ts"
import { authorizePeer, sessionUri } from "../pki/peer.ts"
import { readJson } from "./body.ts"
import { deadlineSchema, publicKeysSchema, releaseSchema, type RestoreStatus, type TargetStatus } from "./schemas.ts"

/** What the pod does when it is asked. */
export interface ControlHandlers {
  status(): TargetStatus | RestoreStatus
  /** This status is on its way to the operator. */
  told?(status: TargetStatus | RestoreStatus): void
  /** Both by the operator's clock: what counts is the time between them. */
  setDeadline(deadline: Date, now: Date): void
  /**
   * Starts the release; the answer doesn't wait for its end. With `hash` it may last for hours, until it is asked for
   * again without.
   */
  release(reason: Reason, hash: boolean): void
  /** Only these open the session by SFTP from now on. Whoever serves none has nothing to do. */
  setPublicKeys(lines: readonly string[]): void
  /** The hashes of the disks are written down: they may be served. Whoever doesn't wait for that has nothing to do. */
  serve(): void
}

export interface ControlServer {
  readonly port: number
  close(): Promise<void>
}

interface ControlOptions {
  readonly host: string
  /** 0 chooses a free one. */
  readonly port: number
  readonly identity: Identity
  readonly sessionUid: string
  readonly handlers: ControlHandlers
  /** How long a peer may take for the handshake, for a request, and until the next one. */
  readonly stepMs?: number
  /** Hears of each refused peer and request, never what the peer sent. */
  readonly log: Pick<Logger, "warn" | "error">
}

/**
 * The control endpoint of a pod: HTTPS with client certificates, for this session's operator alone. Peers have a few
 * seconds for each step, requests are small, and whatever is wrong with one connection disturbs no other.
 */
export async function startControlServer(options: ControlOptions): Promise<ControlServer> {
  const { identity, handlers, log, stepMs = 5000 } = options
  const refused = (cause: string, address: string | undefined) =>
    log.warn({ cause, address }, "control request refused")
  const isOperator = authorizePeer(sessionUri(options.sessionUid, "operator"))
  const server = createServer(
    {
      ...identity,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: "TLSv1.3",
      secureOptions: constants.SSL_OP_NO_TICKET,
      handshakeTimeout: stepMs,
      headersTimeout: stepMs,
      requestTimeout: stepMs,
      keepAliveTimeout: stepMs,
      connectionsCheckingInterval: stepMs / 5,
      maxHeaderSize: 4096,
    },
    (request, response) => {
      const { socket } = request
      if (!(socket instanceof TLSSocket) || !isOperator(socket.getPeerCertificate())) {
        refused("another identity", socket.remoteAddress)
        response.setHeader("connection", "close")
        return answer(response, 403, { code: "LoginRefused", message: "Only this session's operator is heard here." })
      }
      route(request, response, handlers).then(
        ([status, body]) => answer(response, status, body),
        (error: unknown) => {
          const status = statusOf(error)
          if (status < 500) refused("a bad request", socket.remoteAddress)
          if (status === 500) log.error({ err: error }, "a control request failed")
          response.setHeader("connection", "close")
          answer(response, status, problem(error))
        },
      )
      return undefined
    },
  )
  server.maxConnections = 64
  server.on("tlsClientError", (_, socket) => refused("no valid certificate", socket.remoteAddress))
  server.on("clientError", (_, socket) => void socket.destroy())
  server.listen(options.port, options.host)
  await once(server, "listening")
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/** Room for as many keys as there may be, each as long as it may be, whatever JSON makes of them. */
const maxKeysBytes = 512 * 1024

async function route(
  request: IncomingMessage,
  response: ServerResponse,
  handlers: ControlHandlers,
): Promise<[number, unknown?]> {
  switch (`${request.method} ${request.url}`) {
    case "GET /v1/status": {
      const status = handlers.status()
      response.once("finish", () => handlers.told?.(status))
      return [200, status]
    }
    case "PUT /v1/deadline": {
      const { deadline, now } = await readJson(request, deadlineSchema)
      handlers.setDeadline(new Date(deadline), new Date(now))
      return [204]
    }
    case "POST /v1/release": {
      const { reason, hash } = await readJson(request, releaseSchema)
      handlers.release(reason, hash)
      return [202]
    }
    case "PUT /v1/public-keys": {
      const { publicKeys } = await readJson(request, publicKeysSchema, maxKeysBytes)
      handlers.setPublicKeys(publicKeys)
      return [204]
    }
    case "POST /v1/serve":
      handlers.serve()
      return [204]
    default:
      throw new RecoveryError("PathNotFound", "There is no such control request.")
  }
}

function statusOf(error: unknown): number {
  if (!(error instanceof RecoveryError)) return 500
  if (error.code === "NotReady") return 503
  return error.code === "PathNotFound" ? 404 : 400
}

function problem(error: unknown): { code: Reason; message: string } {
  return error instanceof RecoveryError
    ? { code: error.code, message: error.message }
    : { code: "Internal", message: "The control endpoint failed; the pod's log says why." }
}

function answer(response: ServerResponse, status: number, body?: unknown): void {
  if (body === undefined) return void response.writeHead(status).end()
  const text = JSON.stringify(body)
  response
    .writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) })
    .end(text)
}
