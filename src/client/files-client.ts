import type { IncomingHttpHeaders, IncomingMessage } from "node:http"
import { Agent, request } from "node:https"
import type { Duplex } from "node:stream"
import { connect } from "node:tls"
import type { z } from "zod"
import { RecoveryError } from "../api/reasons.ts"
import { percentEncode } from "../files/names.ts"
import { joinPath } from "../files/path.ts"
import {
  type Entry,
  entrySchema,
  type List,
  listSchema,
  problemSchema,
  type Volumes,
  volumesSchema,
} from "../files/schemas.ts"
import { authorizePeer, sessionUri } from "../pki/peer.ts"

/** Opens a byte stream to the file service's port, through whatever lies between. */
export type Dial = () => Promise<Duplex>

export interface FilesClientOptions {
  readonly dial: Dial
  /** PEM: the authority of the session's certificates. */
  readonly ca: string
  readonly sessionUid: string
  readonly username: string
  readonly password: string
}

/** A file's bytes, on their way. */
export interface Content {
  /** Size of the whole file. */
  readonly sizeBytes: number
  readonly etag: string
  readonly modified: Date | undefined
  readonly body: AsyncIterable<Buffer>
}

/** What of a file is wanted: offsets in bytes, `end` is the first not wanted. */
export interface Part {
  readonly start: number
  readonly end?: number
  readonly etag?: string
}

/** Where something is: a volume's name and the components below it. */
export interface Place {
  readonly volume: string
  readonly components: readonly Buffer[]
}

/** An answer without a byte for this long is given up (milliseconds): longer than a lost target pod takes to come back. */
const silenceMs = 180_000
/** Connections at once; requests beyond wait. */
const maxConnections = 4
const maxJsonBytes = 64 * 2 ** 20

/**
 * The client of one session's file service: HTTPS over any stream, the server's certificate checked against the session's
 * authority and identity before a password is sent. Failures are RecoveryErrors with the service's own code.
 */
export class FilesClient {
  readonly #agent: Agent
  readonly #authorization: string

  constructor(options: FilesClientOptions) {
    this.#agent = new SessionAgent(options)
    const pair = `${options.username}:${options.password}`
    this.#authorization = `Basic ${Buffer.from(pair).toString("base64")}`
  }

  volumes(): Promise<Volumes> {
    return this.#json("/v1/volumes", volumesSchema)
  }

  stat(place: Place): Promise<Entry> {
    return this.#json(target(place, "stat"), entrySchema)
  }

  /** All entries of a directory, page by page. */
  async *list(place: Place): AsyncGenerator<Entry[]> {
    for (let cursor: string | undefined = ""; cursor !== undefined;) {
      const page: List = await this.page(place, cursor)
      yield page.entries
      cursor = page.next
    }
  }

  /** One page of a directory: the first, or with the `next` of the page before the one after it. May be asked for again. */
  page(place: Place, cursor = ""): Promise<List> {
    const query = cursor === "" ? "&limit=5000" : `&limit=5000&cursor=${cursor}`
    return this.#json(target(place, "list") + query, listSchema)
  }

  /** A file from byte `start` up to `end`; with the `etag` of an earlier answer it must still be the same file. */
  async content(place: Place, part: Part, signal?: AbortSignal): Promise<Content> {
    const ranged = part.start > 0 || part.end !== undefined
    const range = `bytes=${part.start}-${part.end === undefined ? "" : part.end - 1}`
    const response = await this.#request(target(place, "content"), {
      ...(ranged ? { range } : {}),
      ...(ranged && part.etag !== undefined ? { "if-range": part.etag } : {}),
    })
    if (ranged && response.statusCode !== 206) {
      response.destroy()
      throw new RecoveryError("ConnectionLost", "The file changed while it was read: the session was replaced.")
    }
    const total = /\/(\d+)$/.exec(response.headers["content-range"] ?? "")?.[1]
    const modified = new Date(response.headers["last-modified"] ?? "")
    return {
      sizeBytes: Number(total ?? response.headers["content-length"]),
      etag: response.headers.etag ?? "",
      modified: Number.isNaN(modified.getTime()) ? undefined : modified,
      body: bytesOf(response, signal),
    }
  }

  /** A tar stream of the place and all below it; it fails, rather than ends, when it is incomplete. */
  async tar(place: Place, signal?: AbortSignal): Promise<AsyncIterable<Buffer>> {
    return bytesOf(await this.#request(target(place, "tar")), signal)
  }

  close(): void {
    this.#agent.destroy()
  }

  async #json<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    const parsed = schema.safeParse(await readJson(await this.#request(path)))
    if (!parsed.success)
      throw new RecoveryError("ProtocolError", `The file service's answer is not understood: ${parsed.error.message}`)
    return parsed.data
  }

  async #request(path: string, headers: IncomingHttpHeaders = {}): Promise<IncomingMessage> {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request({
        agent: this.#agent,
        path,
        headers: { host: "files", authorization: this.#authorization, ...headers },
      })
      const silence = new RecoveryError("ConnectionLost", `The file service said nothing for ${silenceMs / 1000} s.`)
      sent.setTimeout(silenceMs, () => sent.destroy(silence))
      sent.on("response", resolve).on("error", (cause) => reject(connectionLost(cause)))
      sent.end()
    })
    if (response.statusCode === 200 || response.statusCode === 206) return response
    const problem = problemSchema.safeParse(await readJson(response))
    if (problem.success) throw new RecoveryError(problem.data.code, problem.data.message)
    throw new RecoveryError("ProtocolError", `The file service answered with status ${response.statusCode}.`)
  }
}

/** Keeps TLS connections over dialled streams. */
class SessionAgent extends Agent {
  readonly #options: FilesClientOptions

  constructor(options: FilesClientOptions) {
    super({ keepAlive: true, maxSockets: maxConnections })
    this.#options = options
  }

  override createConnection(_: object, callback?: (error: Error | null, stream: Duplex) => void): undefined {
    void this.#connect(callback as ((error: Error | null, stream?: Duplex) => void) | undefined)
  }

  async #connect(done?: (error: Error | null, stream?: Duplex) => void): Promise<void> {
    try {
      done?.(null, await secured(this.#options))
    } catch (error) {
      done?.(error as Error)
    }
  }
}

async function secured({ dial, ca, sessionUid }: FilesClientOptions): Promise<Duplex> {
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

function target({ volume, components }: Place, verb: string): string {
  const path = percentEncode(joinPath(components), "/")
  return `/v1/volumes/${percentEncode(Buffer.from(volume))}/${verb}?path=${path}`
}

async function readJson(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > maxJsonBytes) throw new RecoveryError("ProtocolError", "The file service's answer is too long.")
      chunks.push(chunk)
    }
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch (error) {
    if (error instanceof SyntaxError) throw new RecoveryError("ProtocolError", "The file service's answer is not JSON.")
    throw connectionLost(error)
  }
}

/** A body's bytes; a break on the way is a ConnectionLost, an abort an Interrupted. Leaving the loop ends the request. */
async function* bytesOf(response: IncomingMessage, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const stop = () => response.destroy(new RecoveryError("Interrupted", "Interrupted."))
  signal?.addEventListener("abort", stop, { once: true })
  if (signal?.aborted) stop()
  try {
    yield* response as AsyncIterable<Buffer>
  } catch (error) {
    throw connectionLost(error)
  } finally {
    signal?.removeEventListener("abort", stop)
    response.destroy()
  }
}

/** What went wrong on the way, as one of our own errors. */
function connectionLost(cause: unknown): RecoveryError {
  if (cause instanceof RecoveryError) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  const untrusted = typeof code === "string" && /CERT|SELF_SIGNED|UNABLE_TO/.test(code)
  return untrusted
    ? new RecoveryError("LoginRefused", `The pod's certificate is not of this session's authority (${message}).`, {
        cause,
      })
    : new RecoveryError("ConnectionLost", `The connection to the file service broke: ${message}.`, { cause })
}
