import type { Socket } from "node:net"
import { createServer, type Server, type TLSSocket } from "node:tls"
import { constants } from "node:crypto"
import { RecoveryError } from "../api/reasons.ts"
import { Connection, type Shared } from "./connection.ts"
import type { Refusal } from "./counters.ts"

/** Error codes of OpenSSL and Node that mean: the handshake itself was sound, the client's certificate wasn't. */
const certificateError = /CERT|UNABLE_TO_|PEER_DID_NOT_RETURN|SELF_SIGNED|INVALID_CA|INVALID_PURPOSE/

interface TlsFailure extends Error {
  readonly code?: string
}

interface Pending {
  readonly timer: NodeJS.Timeout | undefined
  secured: boolean
}

/** The listening end: TCP and TLS, with everything that can be refused before a byte of iSCSI is exchanged. */
export class Portal {
  readonly #server: Server
  readonly #shared: Shared
  /** Peers that aren't a session yet, with the timer that ends them. */
  readonly #pending = new Map<string, Pending>()
  readonly #sockets = new Set<Socket>()
  /** Handshakes that we ended; their failure is counted already. */
  #cutDuringHandshake = 0

  constructor(shared: Shared) {
    const { tls } = shared.options
    this.#shared = shared
    this.#server = createServer({
      key: tls.key,
      cert: tls.cert,
      ca: tls.ca,
      minVersion: "TLSv1.3",
      requestCert: true,
      rejectUnauthorized: true,
      secureOptions: constants.SSL_OP_NO_TICKET,
      handshakeTimeout: shared.limits.loginMs * 2, // the timer of #accept comes first
    })
    this.#server.on("connection", (socket: Socket) => this.#accept(socket))
    this.#server.on("tlsClientError", (error: TlsFailure, socket) => this.#handshakeFailed(error, socket))
    this.#server.on("secureConnection", (socket) => this.#secured(socket))
  }

  /** Resolves with the port once it listens. */
  async listen(): Promise<number> {
    const { host, port } = this.#shared.options
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (cause) =>
        reject(
          new RecoveryError("Internal", `the target can't listen on ${host}:${port}: ${cause.message}`, { cause }),
        ),
      )
      this.#server.listen(port, host, resolve)
    })
    this.#server.on("error", (error) => this.#shared.options.log.error({ error: error.message }, "the portal failed"))
    const address = this.#server.address()
    return typeof address === "object" && address ? address.port : port
  }

  /** Stops listening and ends what isn't a session. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #accept(socket: Socket): void {
    const { limits } = this.#shared
    const peer = peerOf(socket)
    this.#sockets.add(socket)
    socket.once("close", () => {
      this.#sockets.delete(socket)
      this.#settle(peer)
    })
    this.#pending.set(peer, { timer: undefined, secured: false })
    if (this.#sockets.size > limits.connections || this.#pending.size > limits.pendingConnections) {
      this.#cutOff(socket, "too many connections")
      return
    }
    const timer = setTimeout(() => this.#cutOff(socket, "it took too long to log in"), limits.loginMs)
    this.#pending.set(peer, { timer, secured: false })
  }

  /** The peer has become a session, or is gone. */
  #settle(peer: string): void {
    clearTimeout(this.#pending.get(peer)?.timer)
    this.#pending.delete(peer)
  }

  /** Ends a connection that asks too much. If its handshake isn't done, Node will report that as failed too. */
  #cutOff(socket: Socket, why: string): void {
    if (this.#pending.get(peerOf(socket))?.secured === false) this.#cutDuringHandshake++
    this.#refuse("limit", socket, why)
  }

  /** Comes once for each handshake that isn't completed, often after the socket is closed, so that its peer is unknown. */
  #handshakeFailed(error: TlsFailure, socket: TLSSocket): void {
    const isOurs = this.#cutDuringHandshake > 0 && error.code === "ECONNRESET" && !socket.authorizationError
    if (isOurs) {
      this.#cutDuringHandshake--
      socket.destroy()
      return
    }
    const isCertificate = Boolean(socket.authorizationError) || certificateError.test(error.code ?? "")
    this.#refuse(isCertificate ? "certificate" : "tls", socket, String(socket.authorizationError ?? error.message))
  }

  #secured(socket: TLSSocket): void {
    const peer = peerOf(socket)
    const pending = this.#pending.get(peer)
    if (pending) pending.secured = true
    const connection = new Connection(socket, this.#shared, () => this.#settle(peer))
    if (!this.#isAuthorized(socket)) connection.refuse("certificate", "its certificate is another's")
  }

  /** What can't be judged isn't authorized. */
  #isAuthorized(socket: TLSSocket): boolean {
    try {
      const certificate = socket.getPeerX509Certificate()
      return socket.authorized && certificate !== undefined && this.#shared.options.authorizePeer(certificate)
    } catch {
      return false
    }
  }

  #refuse(counter: Refusal, socket: Socket, why: string): void {
    this.#shared.tally.refused[counter]++
    this.#shared.options.log.warn({ refused: counter, peer: socket.remoteAddress }, `connection refused: ${why}`)
    this.#settle(peerOf(socket))
    socket.destroy()
  }
}

/** The same for a TCP socket and the TLS socket around it, which Node doesn't tell us belong together. */
function peerOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`
}
