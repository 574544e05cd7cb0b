import { constants } from "node:crypto"
import { createServer as createHttpServer, type RequestListener, type Server as HttpServer } from "node:http"
import { createServer, type Server } from "node:https"
import type { ListenOptions } from "node:net"
import type { Logger } from "pino"
import { type FileServiceLimits, maxHeadBytes } from "./limits.ts"

interface Secured {
  /** PEM. */
  readonly tls: { readonly key: string; readonly cert: string }
  readonly log: Logger
}

/** The server for everybody who reaches the port: TLS 1.3. */
export function httpsServer({ tls, log }: Secured, limits: FileServiceLimits, answer: RequestListener): Server {
  const server = createServer(
    {
      ...tls,
      ...timesOf(limits),
      minVersion: "TLSv1.3",
      secureOptions: constants.SSL_OP_NO_TICKET,
      ALPNProtocols: ["http/1.1"],
      handshakeTimeout: limits.handshakeMs,
    },
    answer,
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

/** The server for processes of this container: HTTP. */
export function localServer(limits: FileServiceLimits, answer: RequestListener): HttpServer {
  const server = createHttpServer(timesOf(limits), answer)
  server.maxConnections = limits.connections
  return server
}

/** Rejects when it can't listen. */
export function listening(server: HttpServer | Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(options, () => resolve())
  })
}

const timesOf = (limits: FileServiceLimits) => ({
  maxHeaderSize: maxHeadBytes,
  headersTimeout: limits.headersMs,
  requestTimeout: limits.headersMs,
  keepAliveTimeout: limits.idleMs,
  connectionsCheckingInterval: Math.min(5000, limits.headersMs),
})
