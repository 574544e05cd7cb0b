import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { kinds } from "../../src/kube/kinds.ts"
import { type Kube, openKube } from "../../src/kube/kube.ts"
import type { Pod } from "../../src/kube/objects.ts"
import { type Change, Reflector, type ReflectorOptions } from "../../src/kube/reflector.ts"
import { type ApiServer, type Fault, startApiServer } from "../support/api-server.ts"
import { waitFor } from "../support/wait.ts"

const collection = "/api/v1/namespaces/shop/pods"
let api: ApiServer
let kube: Kube
let stop: AbortController
let running: Promise<void>
let changes: string[]
let failures: string[]
let reflector: Reflector<Pod>

beforeEach(async () => {
  api = await startApiServer()
  kube = openKube(api.config)
  stop = new AbortController()
  changes = []
  failures = []
})
afterEach(async () => {
  stop.abort()
  await running
  kube.connection.close()
  await api.close()
})

function reflect(options: Partial<ReflectorOptions<Pod>> = {}): void {
  reflector = new Reflector<Pod>({
    transport: kube.transport,
    kind: kinds.Pod,
    backoff: { firstMs: 10, capMs: 40 },
    watchLimits: { silenceMs: 60_000, maxLineBytes: 10_000 },
    soundAfterMs: 100,
    onChange: ({ type, object }: Change<Pod>) => changes.push(`${type} ${object.metadata?.name}`),
    onFailure: (error) => failures.push(error instanceof Error ? error.message : String(error)),
    ...options,
  })
  running = reflector.run(stop.signal)
}

const create = (name: string, labels: Record<string, string> = {}) =>
  api.objects.create(collection, { metadata: { name, namespace: "shop", labels } })
const names = () => reflector.store.list().map(({ metadata }) => metadata?.name)
const until = (what: string, ask: () => boolean) =>
  waitFor(what, async () => ask(), { seconds: 10, everyMs: 5, describe: () => JSON.stringify({ changes, failures }) })
const watching = () => until("an open watch", () => api.watches === 1)

describe("well behaved", () => {
  test("lists, then follows", async () => {
    create("a")
    reflect()
    await reflector.synced
    expect([names(), changes]).toEqual([["a"], ["add a"]])
    await watching()
    create("b", { "filerecovery.dev/session-uid": "1" })
    api.objects.patch(`${collection}/a`, { spec: {} })
    api.objects.remove(`${collection}/a`)
    await until("all changes", () => changes.length === 4)
    expect(changes).toEqual(["add a", "add b", "update a", "delete a"])
    expect(reflector.store.bySession("1").map(({ metadata }) => metadata?.name)).toEqual(["b"])
    expect(failures).toEqual([])
  })

  test("only what the selector selects; without managed fields", async () => {
    create("ours", { a: "b" })
    create("theirs")
    api.objects.patch(`${collection}/ours`, { metadata: { managedFields: [{ manager: "x" }] } })
    reflect({ labelSelector: "a=b" })
    await reflector.synced
    expect(names()).toEqual(["ours"])
    expect(reflector.store.get("shop", "ours")?.metadata).not.toHaveProperty("managedFields")
  })

  test("the server ends the watch in order: goes on from there, without listing again and without a pause", async () => {
    reflect({ soundAfterMs: 0 })
    await watching()
    create("a")
    await until("a", () => changes.length === 1)
    api.endWatches()
    await watching()
    create("b")
    await until("b", () => changes.length === 2)
    expect([changes, failures, lists()]).toEqual([["add a", "add b"], [], 1])
  })

  test("what a handler throws is reported and harms nothing", async () => {
    reflect({
      onChange() {
        throw new Error("handler")
      },
    })
    await watching()
    create("a")
    await until("a", () => reflector.store.size === 1)
    expect(failures).toEqual(["handler"])
  })

  test("stops when it's told, in whatever state", async () => {
    reflect()
    await watching()
    stop.abort()
    await running
    await until("no watch", () => api.watches === 0)
    create("unseen")
    expect(names()).toEqual([])
  })
})

const lists = () => api.requests.filter(({ url }) => url.searchParams.get("watch") === null).length
const isWatch = (url: URL) => url.searchParams.get("watch") === "true"
/** Breaks so many requests that `which` selects, then no more. */
function times(count: number, which: (url: URL) => boolean, fault: Fault): Fault {
  let left = count
  return (request, response, url) => {
    if (left === 0 || !which(url)) return false
    left -= 1
    return fault(request, response, url)
  }
}

/** Every way to break a request: the reflector must come through each, and miss nothing. */
const faults: [string, Fault][] = [
  ["500", (_, response) => Boolean(response.writeHead(500).end("internal error"))],
  ["429", (_, response) => Boolean(response.writeHead(429).end("slow down"))],
  ["401", (_, response) => Boolean(response.writeHead(401).end())],
  ["a redirect", (_, response) => Boolean(response.writeHead(302, { location: "/" }).end())],
  ["an empty 200", (_, response) => Boolean(response.writeHead(200).end())],
  ["garbage", (_, response) => Boolean(response.writeHead(200).end("\x00\xff{{{\n"))],
  ["valid JSON of another shape", (_, response) => Boolean(response.writeHead(200).end("{}\n"))],
  ["a line cut in the middle", (_, response) => Boolean(response.writeHead(200).end('{"type":"ADDED","obj'))],
  [
    "a connection cut after the headers",
    (request, response) => {
      response.writeHead(200).flushHeaders()
      setImmediate(() => request.socket.destroy())
      return true
    },
  ],
  ["a connection cut before any answer", (request) => Boolean(request.socket.destroy())],
  ["a line that never ends", (_, response) => Boolean(response.writeHead(200).end("x".repeat(50_000)))],
]

describe("breaking", () => {
  test.each(faults)("the watch answers with %s, again and again", async (_, fault) => {
    create("before")
    api.fault = times(7, isWatch, fault)
    reflect()
    await reflector.synced
    api.objects.remove(`${collection}/before`)
    create("after")
    await watching()
    expect(changes.toSorted()).toEqual(["add after", "add before", "delete before"])
    expect(names()).toEqual(["after"])
    // the client itself tries again once when a kept-alive connection turns out to be closed
    expect(failures.length).toBeGreaterThanOrEqual(4)
    create("later")
    await until("later", () => changes.includes("add later"))
  })

  test.each(faults)("the list answers with %s, again and again", async (_, fault) => {
    create("a")
    api.fault = times(4, (url) => !isWatch(url), fault)
    reflect()
    await reflector.synced
    await watching()
    create("b")
    await until("b", () => reflector.store.size === 2)
    expect(changes).toEqual(["add a", "add b"])
    expect(failures.length).toBeGreaterThanOrEqual(2)
  })

  test("the server is away for a while", async () => {
    reflect()
    await watching()
    api.fault = (request) => Boolean(request.socket.destroy())
    api.cut()
    await until("some failures", () => failures.length >= 5)
    create("a")
    api.fault = undefined
    await until("a", () => changes.length === 1)
    expect(names()).toEqual(["a"])
  })

  test("410 in the watch, after the objects of the gap were created and deleted", async () => {
    create("stays")
    create("goes")
    create("replaced")
    reflect()
    await watching()
    api.fault = times(1, isWatch, (_, response) => Boolean(response.writeHead(500).end()))
    api.endWatches()
    api.objects.remove(`${collection}/goes`)
    api.objects.remove(`${collection}/replaced`)
    create("replaced")
    api.compactedBelow = api.objects.version
    await until("everything", () => changes.length === 6)
    expect(changes.slice(3).toSorted()).toEqual(["add replaced", "delete goes", "delete replaced"])
    expect(failures.some((words) => words.includes("too old resource version"))).toBe(true)
  })

  test("410 as the answer to the watch", async () => {
    create("a")
    api.fault = times(1, isWatch, (_, response) => Boolean(response.writeHead(410).end()))
    reflect()
    await watching()
    expect(lists()).toBe(2)
  })

  test("a connection that is dead without anybody telling is found by its silence", async () => {
    api.fault = times(2, isWatch, (_, response) => {
      response.writeHead(200).flushHeaders()
      return true
    })
    reflect({ watchLimits: { silenceMs: 50, maxLineBytes: 1000 } })
    await reflector.synced
    create("a")
    await until("a", () => changes.length === 1)
    expect(failures.slice(0, 2)).toEqual(["the watch was silent for 0.05 s", "the watch was silent for 0.05 s"])
  })

  test("bookmarks move the version on, so that an old one isn't asked for again", async () => {
    api.fault = times(1, isWatch, (_, response) => {
      response.writeHead(200)
      response.end('{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"4711"}}}\n')
      return true
    })
    reflect()
    await watching()
    expect(api.requests.at(-1)?.url.searchParams.get("resourceVersion")).toBe("4711")
  })
})
