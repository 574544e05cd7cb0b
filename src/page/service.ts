import type { List, Problem, Volumes } from "../files/schemas.ts"
import type { SessionInfo } from "./session-info.ts"

/** A failure, in the service's own words. */
export class ServiceError extends Error {
  readonly code: string

  constructor({ code, message }: { code: string; message: string }) {
    super(message)
    this.code = code
  }
}

interface Asked {
  readonly method?: string
  readonly headers?: Record<string, string>
  readonly signal?: AbortSignal
}

const encoder = new TextEncoder()

/**
 * The program behind this page: the session itself, and its file service. The token came in the page's address, after `#`,
 * where no server and no referrer sees it; it is kept for this tab only, and goes with each request. A link or a picture
 * carries a signature for its own target instead, which opens nothing else.
 */
export class Service {
  readonly #token: string
  #key: Promise<CryptoKey> | undefined

  constructor(token: string) {
    this.#token = token
  }

  session(): Promise<SessionInfo> {
    return this.#json("/api/session")
  }

  /** Asks for one hour more; answers the session as it is then. */
  extend(): Promise<SessionInfo> {
    return this.#json("/api/session/extend", { method: "POST" })
  }

  unmount(): Promise<SessionInfo> {
    return this.#json("/api/session/unmount", { method: "POST" })
  }

  volumes(): Promise<Volumes> {
    return this.#json("/v1/volumes")
  }

  list(target: string, signal: AbortSignal): Promise<List> {
    return this.#json(target, { signal })
  }

  /** At most so many of a file's first bytes. */
  async beginning(target: string, bytes: number, signal: AbortSignal): Promise<Uint8Array> {
    const response = await this.fetch(target, { signal, headers: { range: `bytes=0-${bytes - 1}` } })
    return new Uint8Array(await response.arrayBuffer())
  }

  /** Rejects with ServiceError for every answer that isn't one. */
  async fetch(target: string, { headers, ...options }: Asked = {}): Promise<Response> {
    const authorization = `Bearer ${this.#token}`
    let response: Response
    try {
      response = await fetch(target, { ...options, headers: { ...headers, authorization } })
    } catch (error) {
      if (options.signal?.aborted) throw error
      throw new ServiceError({
        code: "ConnectionLost",
        message: "“kubectl recover browse” does not answer: it was stopped. Start it again.",
      })
    }
    if (response.ok || response.status === 416) return response
    const problem = (await response.json().catch(() => undefined)) as Problem | undefined
    throw new ServiceError(problem ?? { code: "Internal", message: `The answer was ${response.status}.` })
  }

  /** An address for this one target that works without the token: for links, pictures, frames. */
  async signed(target: string): Promise<string> {
    this.#key ??= crypto.subtle.importKey(
      "raw",
      encoder.encode(this.#token),
      { name: "HMAC", hash: "SHA-256" },
      false,
      ["sign"],
    )
    const signature = new Uint8Array(await crypto.subtle.sign("HMAC", await this.#key, encoder.encode(target)))
    return `/t/${[...signature].map((byte) => byte.toString(16).padStart(2, "0")).join("")}${target}`
  }

  /** The same at the origin for documents. */
  async elsewhere(target: string): Promise<string> {
    const { documents } = await this.session()
    return documents + (await this.signed(target))
  }

  /** Lets the browser download a target, in its own way. */
  async download(target: string): Promise<void> {
    const link = document.createElement("a")
    link.href = await this.signed(target)
    link.download = ""
    link.click()
  }

  async #json<T>(target: string, options?: Asked): Promise<T> {
    return (await (await this.fetch(target, options)).json()) as T
  }
}

const storageKey = "token"

/** The token of the address, which is taken off it, or the one this tab had before. */
export function takeToken(): string {
  const [, fresh] = /^#token=([A-Za-z0-9_-]+)$/.exec(location.hash) ?? []
  if (fresh !== undefined) {
    sessionStorage.setItem(storageKey, fresh)
    history.replaceState(null, "", "#/")
  }
  return sessionStorage.getItem(storageKey) ?? ""
}
