import { createServer } from "node:https"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"
import { KubeConfig } from "@kubernetes/client-node"
import { createAuthority, loadAuthority } from "../../src/pki/authority.ts"
import { issueLeaf } from "../../src/pki/leaf.ts"
import { ApiFailure, ApiObjects, type LoggedChange, type StoredObject, within } from "./api-objects.ts"

/** Takes a request over and answers it badly, or returns false to let it be answered well. */
export type Fault = (request: IncomingMessage, response: ServerResponse, url: URL) => boolean

export interface ApiServer {
  readonly config: KubeConfig
  readonly objects: ApiObjects
  /** "GET /api/v1/pods?watch=true", in order. */
  readonly requests: { readonly method: string; readonly url: URL; readonly body: string; readonly token: string }[]
  /** TCP connections accepted so far. */
  readonly connections: number
  /** Watches that are open now. */
  readonly watches: number
  /** Asked first for every request; undefined: no faults. */
  fault: Fault | undefined
  /** Takes over what wants to become a WebSocket; without it there is none. */
  upgrade: ((request: IncomingMessage, socket: Duplex, head: Buffer) => void) | undefined
  /** Watches that want to go on from below this version are told 410. */
  compactedBelow: number
  /** Ends all open watches in order. */
  endWatches(): void
  /** Cuts all connections. */
  cut(): void
  close(): Promise<void>
}

/**
 * A Kubernetes API server in this process, on loopback, over real TLS: lists in pages, watches, creates (or with dryRun only
 * says what it would), patches (server-side apply is treated as a merge), deletes with preconditions and finalizers. Breaks in whatever way it is told.
 */
export async function startApiServer({ token = "test-token" } = {}): Promise<ApiServer> {
  const { certPem, keyPem, caPem } = serverCertificate()
  const objects = new ApiObjects()
  const requests: ApiServer["requests"] = []
  const watches = new Set<ServerResponse>()
  let connections = 0
  const server = createServer({ cert: certPem, key: keyPem }, (request, response) => {
    void handle(request, response)
  })
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (api.upgrade) api.upgrade(request, socket, head)
    else socket.destroy()
  })
  server.on("connection", () => (connections += 1))
  server.keepAliveTimeout = 60_000

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "https://localhost")
    const body = await text(request)
    requests.push({ method: request.method ?? "", url, body, token: request.headers.authorization ?? "" })
    try {
      if (api.fault?.(request, response, url)) return
      if (request.headers.authorization !== `Bearer ${token}`) throw new ApiFailure(401, "Unauthorized", "Unauthorized")
      if (url.searchParams.get("watch") === "true") watch(url, response)
      else send(response, 200, answer(objects, request.method ?? "", url, body))
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error
      send(response, error.code, statusOf(error))
    }
  }

  function watch(url: URL, response: ServerResponse): void {
    const asked = url.searchParams.get("resourceVersion")
    // without a version: all there is now, then what follows
    const from = Number(asked ?? objects.version)
    const selects = selector(url)
    const write = ({ type, object }: Pick<LoggedChange, "object"> & { type: string }): void => {
      response.write(`${JSON.stringify({ type, object })}\n`)
    }
    response.writeHead(200, { "content-type": "application/json" })
    if (from < api.compactedBelow) {
      const expired = statusOf(new ApiFailure(410, "Expired", `too old resource version: ${from}`))
      response.end(`${JSON.stringify({ type: "ERROR", object: expired })}\n`)
      return
    }
    response.flushHeaders()
    const relevant = (change: LoggedChange): boolean =>
      within(url.pathname, change.collection) && change.version > from && selects(change.object)
    const present = asked === null ? objects.list(url.pathname, selects) : []
    for (const object of present) write({ type: "ADDED", object })
    for (const change of objects.history.filter((change) => relevant(change))) write(change)
    const off = objects.onChange((change) => {
      if (relevant(change) && !response.writableEnded) write(change)
    })
    watches.add(response)
    response.on("close", () => {
      off()
      watches.delete(response)
    })
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  const config = new KubeConfig()
  config.loadFromOptions({
    clusters: [
      {
        name: "test",
        server: `https://127.0.0.1:${port}`,
        caData: Buffer.from(caPem).toString("base64"),
        skipTLSVerify: false,
      },
    ],
    users: [{ name: "test", token }],
    contexts: [{ name: "test", cluster: "test", user: "test" }],
    currentContext: "test",
  })
  const api: ApiServer = {
    config,
    objects,
    requests,
    get connections() {
      return connections
    },
    get watches() {
      return watches.size
    },
    fault: undefined,
    upgrade: undefined,
    compactedBelow: 0,
    endWatches() {
      for (const response of watches) response.end()
    },
    cut: () => server.closeAllConnections(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return api
}

function answer(objects: ApiObjects, method: string, url: URL, body: string): object {
  const path = url.pathname.replace(/\/status$/, "")
  const json = body === "" ? {} : (JSON.parse(body) as Record<string, unknown> & Pick<StoredObject, "metadata">)
  const { preconditions } = json as { preconditions?: { uid?: string; resourceVersion?: string } }
  const isCollection = /^\/(api\/[^/]+|apis\/[^/]+\/[^/]+)(\/namespaces\/[^/]+)?\/[^/]+$/.test(path)
  if (method === "GET") return isCollection ? page(objects, url) : objects.get(path)
  if (method === "POST" && url.searchParams.get("dryRun") === "All")
    return objects.tryCreate(path, json as StoredObject)
  if (method === "POST") return objects.create(path, json as StoredObject)
  if (method === "DELETE") return objects.remove(path, preconditions?.uid, preconditions?.resourceVersion)
  const { resourceVersion, ...metadata } = (json as Partial<StoredObject>).metadata ?? {}
  const exists = objects.list(parent(path), ({ metadata }) => metadata.name === path.split("/").at(-1)).length > 0
  if (url.searchParams.get("force") === "true" && !exists) return objects.create(parent(path), json as StoredObject)
  return objects.patch(path, { ...json, metadata }, resourceVersion)
}

/** A list page; the continue token is the number of objects already given. */
function page(objects: ApiObjects, url: URL): object {
  const all = objects.list(url.pathname, selector(url))
  const from = Number(url.searchParams.get("continue") ?? 0)
  const limit = Number(url.searchParams.get("limit") ?? Infinity)
  const more = from + limit < all.length ? { continue: String(from + limit) } : {}
  return {
    kind: "List",
    apiVersion: "v1",
    metadata: { resourceVersion: String(objects.version), ...more },
    items: all.slice(from, from + limit),
  }
}

function selector(url: URL): (object: StoredObject) => boolean {
  const terms = (url.searchParams.get("labelSelector") ?? "").split(",").filter(Boolean)
  return ({ metadata: { labels = {} } }) =>
    terms.every((term) => {
      const [key = "", value] = term.split("=")
      return value === undefined ? key in labels : labels[key] === value
    })
}

function parent(path: string): string {
  return path.slice(0, path.lastIndexOf("/"))
}

export function statusOf({ code, reason, message }: ApiFailure): StoredObject {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {} as StoredObject["metadata"],
    status: "Failure",
    code,
    reason,
    message,
  }
}

export function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

function serverCertificate(): { certPem: string; keyPem: string; caPem: string } {
  const notBefore = new Date(Date.now() - 60_000)
  const notAfter = new Date(Date.now() + 3_600_000)
  const ca = createAuthority({ name: "API server of a test", notBefore, notAfter })
  const leaf = issueLeaf(loadAuthority(ca), {
    uri: "test://api-server",
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1"],
    usages: ["server"],
    notBefore: new Date(),
    notAfter: new Date(notAfter.getTime() - 60_000),
  })
  return { ...leaf, caPem: ca.certPem }
}
