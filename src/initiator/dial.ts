import type { SocketConstructorOpts } from "node:net"
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls"
import { randomBytes } from "node:crypto"
import { RecoveryError } from "../api/reasons.ts"
import { sha256Only } from "../iscsi/chap.ts"
import { PduParser, type PduSink } from "../iscsi/parser.ts"
import { InitiatorLogin, maxReceiveBytes } from "./login.ts"
import { MutualChap } from "./mutual-chap.ts"
import type { InitiatorLimits, InitiatorOptions } from "./options.ts"
import { Session } from "./session.ts"

/** Size of the one buffer TLS decrypts into, in bytes; a record holds at most 16 KiB. */
const receiveBytes = 64 * 1024
/** The longest data segment of a login response. */
const maxLoginBytes = 8192

/** Codes of errors that say: the handshake was understood, and a certificate refused, ours or the target's. */
const certificateError = /CERT|UNABLE_TO_|SELF_SIGNED|ALERT|INVALID_CA|INVALID_PURPOSE/

/** What can't be judged isn't authorized. */
function isAuthorized(socket: TLSSocket, authorizePeer: InitiatorOptions["authorizePeer"]): boolean {
  try {
    const certificate = socket.getPeerX509Certificate()
    return socket.authorized && certificate !== undefined && authorizePeer(certificate)
  } catch {
    return false
  }
}

/** The right target took our certificate and then hung up instead of answering the login. */
export class WordlessEnd extends RecoveryError {
  constructor(where: string) {
    super(
      "ConnectionLost",
      `${where} ended the connection without a word; it may not accept the name in our certificate`,
    )
  }
}

/**
 * Connects, checks the target's certificate, logs in. Rejects with `LoginRefused` when trying again is of no use and with
 * `ConnectionLost` or `ProtocolError` when it may be.
 */
export async function dial(options: InitiatorOptions, limits: InitiatorLimits, isid: Buffer): Promise<Session> {
  const { promise, resolve, reject } = Promise.withResolvers<Session>()
  const login = new InitiatorLogin({
    initiatorName: options.initiatorName,
    targetName: options.targetName,
    isid,
    chap: new MutualChap(options.chap, options.chapAlgorithms ?? sha256Only, { bytes: randomBytes }),
  })
  const { tls, host, port, authorizePeer, signal } = options
  let session: Session | undefined
  let phase: "handshake" | "asked" | "answered" = "handshake"

  const sink: PduSink = {
    place: (header, length) => session?.place(header, length),
    pdu: (header, data) => (session ? session.pdu(header, data) : takeLogin(header, data)),
  }
  const parser = new PduParser(sink, maxLoginBytes)
  const settings: ConnectionOptions & SocketConstructorOpts = {
    host,
    port,
    key: tls.key,
    cert: tls.cert,
    ca: tls.ca,
    minVersion: "TLSv1.3",
    rejectUnauthorized: true,
    checkServerIdentity: () => undefined, // authorizePeer compares the URI name instead
    onread: { buffer: Buffer.allocUnsafeSlow(receiveBytes), callback: receive },
  }
  const socket: TLSSocket = connect(settings)
  const stop = () => fail(new RecoveryError("ConnectionLost", "the initiator was stopped"))
  const timer = setTimeout(() => fail(lost(`no session within ${limits.loginMs} ms`)), limits.loginMs)
  signal?.addEventListener("abort", stop)
  if (signal?.aborted) stop()
  socket.setNoDelay(true)
  socket.once("secureConnect", () => {
    if (!isAuthorized(socket, authorizePeer)) {
      return fail(
        new RecoveryError(
          "LoginRefused",
          `the certificate of ${host}:${port} is another's; only this session's target may be used`,
        ),
      )
    }
    phase = "asked"
    socket.write(login.start())
  })
  socket.on("error", (error: NodeJS.ErrnoException) =>
    fail(phase === "asked" ? new WordlessEnd(`${host}:${port}`) : explain(error)),
  )
  socket.once("close", () =>
    fail(phase === "asked" ? new WordlessEnd(`${host}:${port}`) : lost("it closed the connection")),
  )
  return promise.finally(() => {
    clearTimeout(timer)
    signal?.removeEventListener("abort", stop)
  })

  function receive(count: number, buffer: Uint8Array): boolean {
    if (session?.isOver) parser.close()
    session?.heard()
    try {
      parser.push(Buffer.from(buffer.buffer, buffer.byteOffset, count))
    } catch (error) {
      fail(
        error instanceof RecoveryError
          ? error
          : new RecoveryError("ProtocolError", (error as Error).message, { cause: error }),
      )
    }
    return true
  }

  function takeLogin(header: Buffer, data: Buffer): void {
    phase = "answered"
    const step = login.step(header, data)
    if (step.kind === "send") {
      socket.write(step.request)
      return
    }
    session = new Session(socket, step.login, limits)
    parser.maxDataBytes = maxReceiveBytes
    resolve(session)
  }

  function fail(error: RecoveryError): void {
    parser.close()
    socket.destroy()
    session?.destroy(error)
    reject(error)
  }

  function lost(why: string): RecoveryError {
    return new RecoveryError("ConnectionLost", `the connection to the target ${host}:${port} was lost: ${why}`)
  }

  function explain(error: NodeJS.ErrnoException): RecoveryError {
    const code = error.code ?? ""
    if (!certificateError.test(code)) return lost(error.message)
    const message = `no TLS session with ${host}:${port} (${code}); both ends must use certificates of this session`
    return new RecoveryError("LoginRefused", message, { cause: error })
  }
}
