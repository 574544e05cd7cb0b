import { Agent } from "node:https"
import type { Duplex } from "node:stream"
import { connect } from "node:tls"
import { RecoveryError } from "../api/reasons.ts"
import { authorizePeer, sessionUri } from "../pki/peer.ts"

/** Opens a byte stream to the file service's port, through whatever lies between. */
export type Dial = () => Promise<Duplex>

/** Where a session is, and how to tell that it is the one. */
export interface SessionPeer {
  readonly dial: Dial
  /** PEM: the authority of the session's certificates. */
  readonly ca: string
  readonly sessionUid: string
}

/** Connections at once; requests beyond wait. */
const maxConnections = 4

/** Keeps connections, made by `dial`. */
export class SessionAgent extends Agent {
  readonly #dial: Dial

  constructor(dial: Dial) {
    super({ keepAlive: true, maxSockets: maxConnections })
    this.#dial = dial
  }

  override createConnection(_: object, callback?: (error: Error | null, stream: Duplex) => void): undefined {
    void this.#connect(callback as ((error: Error | null, stream?: Duplex) => void) | undefined)
  }

  async #connect(done?: (error: Error | null, stream?: Duplex) => void): Promise<void> {
    try {
      done?.(null, await this.#dial())
    } catch (error) {
      done?.(error as Error)
    }
  }
}

/** TLS over a dialled stream; rejects when it isn't the session at its other end. */
export async function secured({ dial, ca, sessionUid }: SessionPeer): Promise<Duplex> {
  const socket = await dial()
  // TLS tells of its failures; without a listener they would end the process as well
  socket.on("error", () => undefined)
  const isServer = authorizePeer(sessionUri(sessionUid, "restore"))
  return new Promise((resolve, reject) => {
    const stream = connect({
      socket,
      ca,
      minVersion: "TLSv1.3",
      ALPNProtocols: ["http/1.1"],
      checkServerIdentity: (_, certificate) =>
        isServer(certificate)
          ? undefined
          : new RecoveryError("LoginRefused", "The pod's certificate is not the one of this session."),
    })
    const onError = (error: Error) => {
      socket.destroy()
      reject(connectionLost(error))
    }
    stream.once("error", onError)
    stream.once("secureConnect", () => {
      stream.off("error", onError)
      resolve(stream)
    })
  })
}

/** What went wrong on the way, as one of our own errors. */
export function connectionLost(cause: unknown): RecoveryError {
  if (cause instanceof RecoveryError) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  const untrusted = typeof code === "string" && /CERT|SELF_SIGNED|UNABLE_TO/.test(code)
  return untrusted
    ? new RecoveryError("LoginRefused", `The pod's certificate is not of this session's authority (${message}).`, {
        cause,
      })
    : new RecoveryError("ConnectionLost", `The connection to the file service broke: ${message}.`, { cause })
}
