import type { IncomingMessage } from "node:http"
import { request } from "node:https"
import type { z } from "zod"
import { RecoveryError, type Reason } from "../api/reasons.ts"
import type { Identity } from "../pki/identity.ts"
import { authorizePeer, sessionUri } from "../pki/peer.ts"
import { readJson } from "./body.ts"
import { restoreStatusSchema, targetStatusSchema, type RestoreStatus, type TargetStatus } from "./schemas.ts"

const statusSchemas = { target: targetStatusSchema, restore: restoreStatusSchema }

interface Statuses {
  target: TargetStatus
  restore: RestoreStatus
}

export interface ControlClient<R extends keyof Statuses> {
  status(): Promise<Statuses[R]>
  /** `deadline` is an ISO 8601 instant by our clock; the pod ends after the time left until then, or at its hard end. */
  setDeadline(deadline: string): Promise<void>
  /**
   * Returns when the release has begun; poll `status` for Released. With `hash` a target hashes its disks once more;
   * asked again without, it stops that.
   */
  release(reason: Reason, options?: { readonly hash?: boolean }): Promise<void>
  /** Lines in OpenSSH's format: all that open the session by SFTP from now on. */
  setPublicKeys(lines: readonly string[]): Promise<void>
  /** A target that was told to hash its disks serves them from now on. */
  serve(): Promise<void>
}

export interface ControlClientOptions<R extends keyof Statuses> {
  readonly host: string
  readonly port: number
  readonly identity: Identity
  readonly sessionUid: string
  readonly role: R
  /** For one request, milliseconds. */
  readonly timeoutMs?: number
  /** Our clock, which the pod's need not agree with. */
  readonly now?: () => Date
}

/** Room for a catalogue with hundreds of volumes; a pod that says more is not believed. */
const maxAnswerBytes = 4 * 1024 * 1024

/**
 * The operator's end of a pod's control port. Each call is a connection of its own: pods are asked every 15 seconds or
 * so, and a new connection proves the pod's identity anew. Errors: ConnectionLost (nobody answered in time),
 * LoginRefused (one end does not accept the other's certificate), ProtocolError (an answer that makes no sense).
 */
export function controlClient<R extends keyof Statuses>(options: ControlClientOptions<R>): ControlClient<R> {
  const { now = () => new Date() } = options
  const schema: z.ZodType<TargetStatus | RestoreStatus> = statusSchemas[options.role]
  return {
    async status() {
      const status = await exchange(options, "GET", "/v1/status", undefined, (answer) =>
        readJson(answer, schema, maxAnswerBytes),
      )
      if (status.sessionUid !== options.sessionUid)
        throw new RecoveryError("ProtocolError", `${name(options)} speaks for another session; replace the pod.`)
      return status as Statuses[R]
    },
    setDeadline: (deadline) => exchange(options, "PUT", "/v1/deadline", { deadline, now: now().toISOString() }, ignore),
    release: (reason, { hash = false } = {}) =>
      exchange(options, "POST", "/v1/release", { reason, ...(hash && { hash }) }, ignore),
    setPublicKeys: (publicKeys) => exchange(options, "PUT", "/v1/public-keys", { publicKeys }, ignore),
    serve: () => exchange(options, "POST", "/v1/serve", undefined, ignore),
  }
}

/** The status code said all; `exchange` closes the connection. */
const ignore = async () => undefined

type Options = ControlClientOptions<keyof Statuses>

async function exchange<T>(
  options: Options,
  method: string,
  path: string,
  body: object | undefined,
  read: (answer: IncomingMessage) => Promise<T>,
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? 5000
  const signal = AbortSignal.timeout(timeoutMs)
  let answer: IncomingMessage | undefined
  try {
    answer = await send(options, method, path, body, signal)
    answer.on("error", () => undefined) // what breaks later interests nobody; while it is read, the reader hears it
    if (answer.statusCode === 403) throw new RecoveryError("LoginRefused", `${name(options)} refused our certificate.`)
    if (answer.statusCode === 503) throw new RecoveryError("ConnectionLost", `${name(options)} has nothing to say yet.`)
    if (answer.statusCode === undefined || answer.statusCode >= 300)
      throw new RecoveryError("ProtocolError", `${name(options)} answered ${method} ${path} with ${answer.statusCode}.`)
    return await read(answer)
  } catch (error) {
    if (error instanceof RecoveryError) throw error
    throw explain(error, options, signal.aborted ? `did not answer within ${timeoutMs} ms` : undefined)
  } finally {
    answer?.destroy()
  }
}

function send(
  { host, port, identity, sessionUid, role }: Options,
  method: string,
  path: string,
  body: object | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const isPod = authorizePeer(sessionUri(sessionUid, role))
  const text = body === undefined ? "" : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    request(
      {
        ...identity,
        host,
        port,
        method,
        path,
        signal,
        agent: false,
        minVersion: "TLSv1.3",
        // pods are reached by address: the URI name says who answers, DNS names would say nothing more
        checkServerIdentity: (_, certificate) =>
          isPod(certificate) ? undefined : Object.assign(new Error("another identity"), { code: "ERR_TLS_IDENTITY" }),
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(text) },
      },
      resolve,
    )
      .on("error", reject)
      .end(text)
  })
}

/** Codes of node:tls when one end doesn't accept the other's certificate: alerts, own checks, and chain errors. */
const certificateErrors = /^ERR_TLS|^ERR_SSL_.*ALERT|CERT|SIGNATURE|ISSUER/

function explain(cause: unknown, options: Options, timedOut: string | undefined): RecoveryError {
  const code = (cause as NodeJS.ErrnoException).code ?? "unknown error"
  if (timedOut === undefined && certificateErrors.test(code))
    return new RecoveryError("LoginRefused", `${name(options)} and the operator don't accept each other (${code}).`, {
      cause,
    })
  return new RecoveryError("ConnectionLost", `${name(options)} ${timedOut ?? `can't be asked (${code})`}.`, { cause })
}

function name({ role, host, port }: Options): string {
  return `The ${role} pod's control port at ${host}:${port}`
}
