import type { IncomingMessage, OutgoingHttpHeaders } from "node:http"
import { request } from "node:https"
import type { z } from "zod"
import { RecoveryError } from "../api/reasons.ts"
import type { HashedFile } from "../files/manifest-line.ts"
import { percentEncode } from "../files/names.ts"
import { joinPath } from "../files/path.ts"
import type { ArchiveFormat, HardLinks } from "../files/queries.ts"
import {
  type Entry,
  entrySchema,
  type List,
  listSchema,
  problemSchema,
  type SearchLine,
  searchLineSchema,
  type Volumes,
  volumesSchema,
} from "../files/schemas.ts"
import { bytesOf, jsonOf, readJson } from "./bodies.ts"
import { type HashProgress, hashesOf, hashesOfText } from "./hashes.ts"
import { linesOf } from "./lines.ts"
import { type Search, searchFields } from "./search.ts"
import { dialSocket } from "./dial.ts"
import { connectionLost, secured, SessionAgent, type SessionPeer } from "./session-agent.ts"

export interface FilesClientOptions extends SessionPeer {
  readonly username: string
  readonly password: string
}

/** The service of the same container, over the unix socket that only its user may open. */
export interface LocalService {
  readonly socket: string
}

/** A file's bytes, on their way. */
export interface Content {
  /** Where `body` starts. */
  readonly start: number
  /** Size of the whole file. */
  readonly sizeBytes: number
  readonly etag: string
  readonly modified: Date | undefined
  readonly body: AsyncIterable<Buffer>
  /** Ends the request where nothing of the body is wanted. */
  cancel(): void
}

/** What of a file is wanted: offsets in bytes, `end` is the first not wanted. */
export interface Part {
  readonly start: number
  readonly end?: number
  readonly etag?: string
}

/** As the API's query says it. */
export interface ArchiveForm {
  readonly format: ArchiveFormat
  readonly hardLinks?: HardLinks
  readonly headersOnly?: boolean
}

/** Where something is: a volume's name and the components below it. */
export interface Place {
  readonly volume: string
  readonly components: readonly Buffer[]
}

/** An answer without a byte for this long is given up (milliseconds): longer than a lost target pod takes to come back. */
const silenceMs = 180_000

/**
 * The client of one session's file service: HTTPS over any stream, the server's certificate checked against the session's
 * authority and identity before a password is sent. Failures are RecoveryErrors with the service's own code.
 */
export class FilesClient {
  readonly #agent: SessionAgent
  readonly #headers: OutgoingHttpHeaders
  #interrupted: RecoveryError | undefined

  constructor(options: FilesClientOptions | LocalService) {
    const isLocal = "socket" in options
    this.#agent = new SessionAgent(isLocal ? dialSocket(options.socket) : () => secured(options))
    this.#headers = { host: "files", ...(isLocal ? {} : { authorization: basic(options) }) }
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
    const query = cursor === "" ? "&limit=4000" : `&limit=4000&cursor=${cursor}`
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
      start: part.start,
      sizeBytes: Number(total ?? response.headers["content-length"]),
      etag: response.headers.etag ?? "",
      modified: Number.isNaN(modified.getTime()) ? undefined : modified,
      body: bytesOf(response, signal),
      cancel: () => void response.destroy(),
    }
  }

  /** A tar stream of the place and all below it; it fails, rather than ends, when it is incomplete. */
  async tar(place: Place, signal?: AbortSignal): Promise<AsyncIterable<Buffer>> {
    return bytesOf(await this.#request(target(place, "tar")), signal)
  }

  /** Several paths of a volume and all below them as one archive; it fails, rather than ends, when it is incomplete. */
  async archive(
    volume: string,
    paths: readonly (readonly Buffer[])[],
    { format, hardLinks = "links", headersOnly = false }: ArchiveForm,
    signal?: AbortSignal,
  ): Promise<AsyncIterable<Buffer>> {
    const fields = paths.map((components) => `path=${percentEncode(joinPath(components), "/")}`)
    const resource = `/v1/volumes/${percentEncode(Buffer.from(volume))}/archive?`
    const form = [`format=${format}`, `hardLinks=${hardLinks}`, `headersOnly=${headersOnly}`]
    return bytesOf(await this.#request(resource + [...fields, ...form].join("&")), signal)
  }

  /** The hash of a file, or of every file below a directory; names are relative to the volume. */
  async *sha256(
    place: Place,
    { signal, progress = () => undefined }: { signal?: AbortSignal; progress?: HashProgress } = {},
  ): AsyncGenerator<HashedFile> {
    const response = await this.#request(`${target(place, "sha256")}&format=ndjson`)
    const isText = response.headers["content-type"]?.startsWith("text/plain")
    const lines = linesOf(bytesOf(response, signal))
    yield* isText ? hashesOfText(lines, progress) : hashesOf(lines, progress)
  }

  /** The session's audit records, a line of JSON each. */
  async *audit(signal?: AbortSignal): AsyncGenerator<Buffer> {
    yield* linesOf(bytesOf(await this.#request("/v1/audit"), signal))
  }

  /** What a search finds, as it is found. Throws ConnectionLost when it breaks off before its end. */
  async *search(wanted: Search, signal?: AbortSignal): AsyncGenerator<SearchLine> {
    const body = bytesOf(await this.#request(`/v1/search${searchFields(wanted)}`), signal)
    for await (const line of linesOf(body)) {
      const parsed = searchLineSchema.safeParse(jsonOf(line))
      // lines of a kind that is new are for newer clients
      if (!parsed.success) continue
      yield parsed.data
      if (parsed.data.event === "end") return
    }
    throw new RecoveryError("ConnectionLost", "The search broke off.")
  }

  /** Passes a request on as it is; the answer may be a failure. */
  forward(method: string, target: string, headers: OutgoingHttpHeaders): Promise<IncomingMessage> {
    return this.#send(target, headers, method)
  }

  close(): void {
    this.#agent.destroy()
  }

  /** Ends all that is being asked, with the reason Interrupted; nothing more can be. */
  interrupt(): void {
    this.#interrupted = new RecoveryError("Interrupted", "Interrupted.")
    this.close()
  }

  async #json<T>(path: string, schema: z.ZodType<T>): Promise<T> {
    const parsed = schema.safeParse(await readJson(await this.#request(path)))
    if (!parsed.success)
      throw new RecoveryError("ProtocolError", `The file service's answer is not understood: ${parsed.error.message}`)
    return parsed.data
  }

  async #request(path: string, headers: OutgoingHttpHeaders = {}): Promise<IncomingMessage> {
    const response = await this.#send(path, headers)
    if (response.statusCode === 200 || response.statusCode === 206) return response
    const problem = problemSchema.safeParse(await readJson(response))
    if (problem.success) throw new RecoveryError(problem.data.code, problem.data.message)
    throw new RecoveryError("ProtocolError", `The file service answered with status ${response.statusCode}.`)
  }

  #send(path: string, headers: OutgoingHttpHeaders, method = "GET"): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      if (this.#interrupted) return reject(this.#interrupted)
      const sent = request({ agent: this.#agent, method, path, headers: { ...this.#headers, ...headers } })
      const tooLong = new RecoveryError("ConnectionLost", `The file service said nothing for ${silenceMs / 1000} s.`)
      sent.setTimeout(silenceMs, () => sent.destroy(tooLong))
      sent.on("response", resolve).on("error", (cause) => reject(this.#interrupted ?? connectionLost(cause)))
      sent.end()
    })
  }
}

function basic({ username, password }: FilesClientOptions): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`
}

function target({ volume, components }: Place, verb: string): string {
  const path = percentEncode(joinPath(components), "/")
  return `/v1/volumes/${percentEncode(Buffer.from(volume))}/${verb}?path=${path}`
}
