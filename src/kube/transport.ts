import type { ClientRequest, IncomingMessage } from "node:http"
import { request as httpsRequest } from "node:https"
import type { Connection } from "./connection.ts"
import { errorOfAnswer, errorOfSilence } from "./errors.ts"
import type { RateLimit } from "./rate-limit.ts"

/** One request to the API server. */
export interface Call {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: object
  readonly contentType?: string
  /** The plural of the kind, for metrics. */
  readonly resource: string
  /** What is asked, for error messages; begins with the verb: "create Pod shop/web". */
  readonly what: string
  readonly signal?: AbortSignal | undefined
}

/** Told of every finished request; status 0 when there was no answer. */
export type RequestObserver = (call: Call, status: number, seconds: number) => void

export interface TransportOptions {
  readonly connection: Connection
  readonly limit: RateLimit
  /** Milliseconds until a request without a whole answer fails. */
  readonly timeoutMs?: number
  /** Ends all that is being asked, where a call has no signal of its own. */
  readonly signal?: AbortSignal
  readonly observe?: RequestObserver
}

/** No object and no page of a list is anywhere near this; more is not the API server. */
const maxBodyBytes = 64 * 2 ** 20

/** Sends requests and reads whole answers or streams. Rejects with KubeError, always. */
export class Transport {
  readonly #options: TransportOptions
  readonly #timeoutMs: number

  constructor(options: TransportOptions) {
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? 30_000
  }

  /** The JSON of a 2xx answer. */
  async json<T>(call: Call): Promise<T> {
    const text = await this.#timed(call, readAll)
    try {
      return JSON.parse(text) as T
    } catch (cause) {
      throw errorOfSilence(call.what, new Error("the answer is not JSON", { cause }))
    }
  }

  /** The open body of a 2xx answer: whoever takes it must watch for silence, and destroy it. */
  stream(call: Call): Promise<IncomingMessage> {
    return this.#timed(call, (response) => Promise.resolve(response))
  }

  async #timed<T>(call: Call, take: (response: IncomingMessage) => Promise<T>): Promise<T> {
    await this.#options.limit.take(call.signal)
    const started = performance.now()
    const observed = (status: number) => this.#options.observe?.(call, status, (performance.now() - started) / 1000)
    const deadline = new Deadline(this.#timeoutMs)
    try {
      const response = await this.#send(call, deadline)
      const status = response.statusCode ?? 0
      if (status < 200 || status > 299) throw errorOfAnswer(call.what, status, await readAll(response))
      const result = await take(response)
      observed(status)
      return result
    } catch (cause) {
      const error = errorOfSilence(call.what, deadline.passed ?? cause)
      observed(error.status)
      throw error
    } finally {
      deadline.stop()
    }
  }

  async #send(call: Call, deadline: Deadline): Promise<IncomingMessage> {
    const attempt = await this.#attempt(call, deadline)
    if (!("lost" in attempt)) return attempt
    // the server closed a kept-alive connection just as we used it: nothing was wrong with the request
    const again = await this.#attempt(call, deadline)
    if ("lost" in again) throw again.lost
    return again
  }

  async #attempt(call: Call, deadline: Deadline): Promise<IncomingMessage | { lost: Error }> {
    const { connection } = this.#options
    const options = await connection.options()
    const signal = call.signal ?? this.#options.signal
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body))
    const request = httpsRequest(`${connection.server}${call.path}${queryString(call.query)}`, {
      ...options,
      method: call.method,
      ...(signal && { signal }),
      headers: {
        ...(options.headers as Record<string, string> | undefined),
        accept: "application/json",
        "user-agent": "file-recovery-operator",
        ...(body && { "content-type": call.contentType ?? "application/json", "content-length": body.length }),
      },
    })
    deadline.ends(request)
    return new Promise((resolve, reject) => {
      request.on("response", resolve)
      request.on("error", (error: NodeJS.ErrnoException) => {
        const stale = request.reusedSocket && (error.code === "ECONNRESET" || error.code === "EPIPE")
        if (stale) resolve({ lost: error })
        else reject(error)
      })
      request.end(body)
    })
  }
}

/** Destroys the request it was given when the time is up. */
class Deadline {
  passed: Error | undefined
  #request: ClientRequest | undefined
  readonly #timer: NodeJS.Timeout

  constructor(ms: number) {
    this.#timer = setTimeout(() => {
      this.passed = new Error(`no answer within ${ms / 1000} s`)
      this.#request?.destroy(this.passed)
    }, ms)
  }

  ends(request: ClientRequest): void {
    this.#request = request
    if (this.passed) request.destroy(this.passed)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) throw new Error(`the answer is longer than ${maxBodyBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString("utf8")
}

function queryString(query: Call["query"]): string {
  const present = Object.entries(query ?? {}).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return present.length === 0 ? "" : `?${new URLSearchParams(present).toString()}`
}
