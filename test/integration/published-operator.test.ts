import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { RecoveryOperator } from "../../src/controller/operator.ts"
import { type Kube, openKube } from "../../src/kube/kube.ts"
import { type ApiServer, startApiServer } from "../support/api-server.ts"
import { PublishedProcess } from "../support/published-process.ts"
import { waitFor } from "../support/wait.ts"

const collection = "/apis/filerecovery.dev/v1alpha1/namespaces/shop/filerecoverysessions"
const finalizer = "filerecovery.dev/release"
let api: ApiServer
beforeEach(async () => {
  api = await startApiServer()
})
afterEach(() => api.close())

const create = (name: string) => api.objects.create(collection, { ...session, metadata: { name, namespace: "shop" } })
const session = { apiVersion: "filerecovery.dev/v1alpha1", kind: "FileRecoverySession" }
const isSessionWatch = (url: URL) => url.pathname.endsWith("/filerecoverysessions") && url.searchParams.has("watch")
const until = (what: string, ask: () => boolean, describe: () => string = () => "") =>
  waitFor(what, async () => ask(), { seconds: 20, everyMs: 10, describe })

/** Our class against the same server; `reconciled` has the key of each reconcile. */
class Ours {
  readonly reconciled: string[] = []
  readonly operator: OpenedOperator
  reconcile: (name: string) => Promise<void> = async () => undefined
  readonly #stop = new AbortController()
  readonly #kube: Kube = openKube(api.config)
  readonly #leading: Promise<void>

  constructor() {
    this.operator = new OpenedOperator({
      transport: this.#kube.transport,
      client: this.#kube.client,
      instance: "test",
      log: { debug: ignore, info: ignore, warn: ignore },
      queue: { workers: 2, backoff: { firstMs: 10, capMs: 50 } },
      reflector: { backoff: { firstMs: 10, capMs: 50 } },
    })
    this.#leading = this.operator.start().then(() =>
      this.operator.lead(this.#stop.signal, {
        reconcile: async ({ name }) => {
          this.reconciled.push(name)
          await this.reconcile(name)
          return {}
        },
        copy: async () => ({}),
        collect: async () => ({}),
      }),
    )
  }

  until(what: string, ask: () => boolean): Promise<boolean> {
    return until(what, ask, () => JSON.stringify(this.reconciled))
  }

  async end(): Promise<void> {
    this.#stop.abort()
    this.operator.stop()
    await Promise.all([this.#leading, this.operator.stopped()])
    this.#kube.connection.close()
  }
}

const ignore = (): undefined => undefined

/** With the protected methods in the open. */
class OpenedOperator extends RecoveryOperator {
  readonly finalizers = (name: string, version: string, list: string[]) =>
    this.setResourceFinalizers({ ...meta(name), resourceVersion: version }, list)
  readonly status = (name: string, status: object) => this.setResourceStatus(meta(name), status)
  readonly patch = (name: string, version: string, status: object) =>
    this.patchResourceStatus({ ...meta(name), resourceVersion: version }, status)
  readonly register = () => this.registerCustomResourceDefinition()
}

const meta = (name: string) => ({
  ...session,
  id: "filerecoverysessions.filerecovery.dev/v1alpha1",
  name,
  namespace: "shop",
  resourceVersion: "1",
})

async function withPublished(mode: string, use: (published: PublishedProcess) => Promise<void>): Promise<void> {
  const published = new PublishedProcess(mode, api.config)
  await use(published).finally(() => published.end())
}

async function withOurs(use: (ours: Ours) => Promise<void>): Promise<void> {
  const ours = new Ours()
  await use(ours).finally(() => ours.end())
}

describe("a watch breaks", () => {
  const breakWatches = () => {
    api.fault = (_, response, url) => isSessionWatch(url) && Boolean(response.writeHead(500).end())
    api.cut()
  }

  test("as published, the process ends", () =>
    withPublished("watch", async (published) => {
      await published.until("the watch", 1)
      breakWatches()
      expect(await published.exit).toBe(1)
    }))

  test("ours goes on", () =>
    withOurs(async (ours) => {
      create("a")
      await ours.until("a", () => ours.reconciled.includes("a"))
      breakWatches()
      create("b")
      const broken = api.requests.length
      await ours.until("some tries", () => api.requests.length > broken + 5)
      api.fault = undefined
      await ours.until("b", () => ours.reconciled.includes("b"))
      expect(ours.operator.sessions.size).toBe(2)
    }))
})

describe("nothing happens for half a minute", () => {
  test("as published, the process ends", () =>
    withPublished("watch", async (published) => {
      await published.until("the watch", 1)
      expect(await published.exit).toBe(1)
      expect(published.lines).toEqual([{ type: "STARTED" }])
    }))
  // ours: "a connection that is dead ... is found by its silence" in reflector.test.ts; it only watches again
})

describe("an object is deleted while no watch is open", () => {
  /** The server ends all watches; the next one finds the object gone. */
  const deleteInGap = () => {
    let held = 0
    api.fault = (_, response, url) => {
      if (!url.searchParams.has("watch") || held > 3) return false
      held += 1
      response.writeHead(200).end()
      return true
    }
    api.endWatches()
    api.objects.remove(`${collection}/a`)
    // nobody can be told what happened before this
    api.compactedBelow = api.objects.version
  }

  test("as published, nobody ever hears of it", () =>
    withPublished("watch", async (published) => {
      create("a")
      await published.until("a", 2)
      deleteInGap()
      await until("the next watch", () => api.watches > 0)
      create("b")
      await published.until("b", 3)
      expect(published.lines.map(({ type, name }) => [type, name])).not.toContainEqual(["DELETED", "a"])
    }))

  test("ours hears of it", () =>
    withOurs(async (ours) => {
      create("a")
      await ours.until("a", () => ours.reconciled.length === 1)
      deleteInGap()
      await ours.until("a again", () => ours.reconciled.length === 2)
      expect([ours.reconciled, ours.operator.sessions.size]).toEqual([["a", "a"], 0])
    }))
})

describe("a finalizer can't be written", () => {
  const refuse = () => {
    api.fault = (request, response) => request.method === "PATCH" && Boolean(response.writeHead(500).end())
  }

  test("as published, it counts as written", () =>
    withPublished("finalizer", async (published) => {
      refuse()
      create("a")
      await published.until("the outcome", 3)
      expect(published.lines).toContainEqual({ handled: true })
      expect(api.objects.get(`${collection}/a`).metadata.finalizers).toBeUndefined()
    }))

  test("as published, not even with a server that would write it: the request goes to no server at all", () =>
    withPublished("finalizer", async (published) => {
      create("a")
      await published.until("the outcome", 3)
      expect(published.lines).toContainEqual({ handled: true })
      expect(api.requests.filter(({ method }) => method === "PATCH")).toEqual([])
    }))

  test("ours says so, also when the object has changed meanwhile", () =>
    withOurs(async ({ operator }) => {
      const { metadata } = create("a")
      refuse()
      await expect(operator.finalizers("a", metadata.resourceVersion, [finalizer])).rejects.toMatchObject({
        status: 500,
      })
      api.fault = undefined
      await expect(operator.finalizers("a", "1", [finalizer])).rejects.toMatchObject({ status: 409 })
      await operator.finalizers("a", metadata.resourceVersion, [finalizer])
      expect(api.objects.get(`${collection}/a`).metadata.finalizers).toEqual([finalizer])
    }))
})

describe("a status can't be written", () => {
  const refuse = () => {
    api.fault = (_, response, url) => url.pathname.endsWith("/status") && Boolean(response.writeHead(500).end())
  }

  test("as published, the error is swallowed", () =>
    withPublished("status", async (published) => {
      refuse()
      create("a")
      await published.until("the outcome", 3)
      expect(published.lines).toContainEqual({ status: null })
    }))

  test("ours rejects", () =>
    withOurs(async ({ operator }) => {
      const { metadata } = create("a")
      refuse()
      await expect(operator.status("a", { phase: "Ready" })).rejects.toMatchObject({ status: 500 })
      await expect(operator.patch("a", metadata.resourceVersion, {})).rejects.toMatchObject({ status: 500 })
      api.fault = undefined
      const { resourceVersion } = await operator.status("a", { phase: "Ready" })
      await operator.patch("a", resourceVersion, { release: { reason: "Idle" } })
      expect(api.objects.get(`${collection}/a`)["status"]).toEqual({ phase: "Ready", release: { reason: "Idle" } })
    }))
})

describe("a handler fails", () => {
  test("as published, the event is lost", () =>
    withPublished("throw", async (published) => {
      create("a")
      await published.until("a", 2)
      create("b")
      await published.until("b", 3)
      expect(published.lines.filter(({ name }) => name === "a")).toHaveLength(1)
    }))

  test("ours tries again until it succeeds", () =>
    withOurs(async (ours) => {
      ours.reconcile = async () => {
        if (ours.reconciled.length < 4) throw new Error("not yet")
      }
      create("a")
      await ours.until("the fourth try", () => ours.reconciled.length === 4)
      expect(ours.operator.queueDepth).toBe(0)
    }))
})

describe("it is told to stop", () => {
  test("as published, the process fails", () =>
    withPublished("stop", async (published) => {
      await published.until("the watch", 1)
      create("a")
      expect(await published.exit).toBe(1)
    }))

  test("ours ends its watches and waits for the reconcile under way", async () => {
    const ours = new Ours()
    const work = Promise.withResolvers<void>()
    ours.reconcile = () => work.promise
    create("a")
    await ours.until("a", () => ours.reconciled.length === 1)
    let ended = false
    const ending = ours.end().then(() => (ended = true))
    await until("no watch", () => api.watches === 0)
    expect(ended).toBe(false)
    work.resolve()
    expect(await ending).toBe(true)
  })
})

test("definitions are installed by the chart, not by the operator", () =>
  withOurs(async ({ operator }) => {
    expect(operator.register).toThrow("chart")
  }))
