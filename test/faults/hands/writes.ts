import { once } from "node:events"
import { createServer, type IncomingMessage, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"

/** Before the API server begins with a write, or after it took effect and before its answer is on the way. */
export type When = "before" | "after"

interface AuditEvent {
  readonly stage: string
  readonly verb: string
  readonly requestURI: string
  readonly objectRef?: { readonly resource?: string; readonly subresource?: string; readonly name?: string }
  /** HTTP's, once there is one. */
  readonly responseStatus?: { readonly code?: number }
  /** The object as it is then. */
  readonly responseObject?: { readonly metadata?: { readonly uid?: string; readonly resourceVersion?: string } }
}

interface Awaited {
  readonly nth: number
  readonly when: When
  readonly act: (write: string) => Promise<void>
  /** Writes that took effect so far. */
  done: number
}

/**
 * Hears of every write of the operator while it happens, as the API server's audit webhook. In mode `blocking-strict`
 * the API server asks before it begins and before it answers, waits, and doesn't begin when it is refused: so the
 * operator can be ended at a point that is exact, and needs no switch for it.
 */
export class Writes implements AsyncDisposable {
  readonly #server: Server
  #awaited: Awaited | undefined
  /** The resourceVersion of each object, by UID, after the last write of it. */
  readonly #versions = new Map<string, string>()

  private constructor(server: Server) {
    this.#server = server
  }

  static async listen(host: string): Promise<Writes> {
    const server = createServer((request, response) => {
      void writes
        .#hear(request)
        // 4xx: not tried again
        .catch(() => false)
        .then((goesOn) => response.writeHead(goesOn ? 200 : 403).end())
    })
    const writes = new Writes(server)
    server.listen(0, host)
    await once(server, "listening")
    return writes
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /**
   * Has `act` called after the nth write from now on that takes effect, or before the first one that would follow the
   * n-1 before it; it is told what that is. The write waits for it. One that is refused or changes nothing is none: an
   * operator that takes a session over applies what may be there, and one that died at the first of these would get nowhere.
   */
  await(nth: number, when: When, act: (write: string) => Promise<void>): void {
    this.#awaited = { nth, when, act, done: 0 }
  }

  /** Awaits no write any more. */
  rest(): void {
    this.#awaited = undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, "close")
  }

  /** Whether what it is about may go on. */
  async #hear(request: IncomingMessage): Promise<boolean> {
    const { items } = JSON.parse(await text(request)) as { items: AuditEvent[] }
    for (const event of items) if (!(await this.#mayGoOn(event))) return false
    return true
  }

  async #mayGoOn(event: AuditEvent): Promise<boolean> {
    const { stage, verb, requestURI, objectRef } = event
    const awaited = this.#awaited
    if (!awaited || isDryRun(requestURI)) return true
    const begins = stage === "RequestReceived"
    if (!begins && this.#tookEffect(event)) awaited.done++
    const reached = begins ? awaited.done + 1 : awaited.done
    if (reached < awaited.nth || begins !== (awaited.when === "before")) return true
    this.#awaited = undefined
    const { resource, subresource, name = "" } = objectRef ?? {}
    await awaited.act([verb, [resource, subresource].filter(Boolean).join("/"), name].join(" ").trim())
    return !begins
  }

  #tookEffect({ verb, responseStatus, responseObject }: AuditEvent): boolean {
    const { code = 0 } = responseStatus ?? {}
    if (code < 200 || code >= 300) return false
    const { uid, resourceVersion } = responseObject?.metadata ?? {}
    if (verb === "delete" || uid === undefined || resourceVersion === undefined) return true
    const isNews = this.#versions.get(uid) !== resourceVersion
    this.#versions.set(uid, resourceVersion)
    return isNews
  }
}

/** Nothing comes of it: an operator that died at each of these would never get anywhere. */
const isDryRun = (uri: string) => new URL(uri, "https://kubernetes").searchParams.has("dryRun")
