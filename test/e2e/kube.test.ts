import { randomBytes } from "node:crypto"
import { KubeConfig } from "@kubernetes/client-node"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { KubeEventRecorder } from "../../src/kube/events.ts"
import { kinds } from "../../src/kube/kinds.ts"
import { type Kube, openKube } from "../../src/kube/kube.ts"
import { LeaderLease } from "../../src/kube/lease.ts"
import type { KubeObject, Lease } from "../../src/kube/objects.ts"
import { type Change, Reflector } from "../../src/kube/reflector.ts"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { openRelay, type Relay } from "../support/relay.ts"
import { removeNamespaces } from "../support/shop.ts"
import { waitFor } from "../support/wait.ts"

/** The kube room against a real API server, directly and through a relay that breaks as networks do. */
const namespace = `kube-${randomBytes(3).toString("hex")}`
let cluster: Cluster
let direct: Kube

beforeAll(async () => {
  cluster = await openCluster()
  direct = openKube(configOf())
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" }
  await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } })
})
afterAll(async () => {
  await removeNamespaces(cluster, namespace)
  direct.connection.close()
})

/** The administrator's, as it is or through a relay, or as somebody else. */
function configOf(change: { port?: number; as?: string } = {}): KubeConfig {
  const config = new KubeConfig()
  config.loadFromFile(cluster.env["KUBECONFIG"] ?? "")
  const [own, user] = [config.getCurrentCluster(), config.getCurrentUser()]
  if (!own || !user) throw new Error("the kubeconfig names no cluster or user")
  const clusters = [
    change.port === undefined
      ? own
      : { ...own, server: `https://127.0.0.1:${change.port}`, tlsServerName: "kubernetes.default.svc" },
  ]
  const users = [{ ...user, ...(change.as !== undefined && { impersonateUser: change.as }) }]
  config.loadFromOptions({ clusters, users, contexts: config.contexts, currentContext: config.currentContext })
  return config
}

const map = (name: string, more: object = {}): KubeObject & { data: Record<string, string> } => ({
  metadata: { name, namespace, ...more },
  data: { a: "1" },
})
const maps = kinds.ConfigMap
const until = (what: string, ask: () => Promise<boolean> | boolean) =>
  waitFor(what, async () => ask(), { seconds: 60, everyMs: 50 })

describe("client", () => {
  test("create, get, patch with a version, delete with a UID and a finalizer", async () => {
    expect(await direct.client.get(maps, "a", namespace)).toBeUndefined()
    const made = await direct.client.create(maps, map("a", { finalizers: ["filerecovery.dev/test"] }))
    if (!made.created) throw new Error("not created")
    expect(await direct.client.create(maps, map("a"))).toEqual({ created: false })
    const { uid = "", resourceVersion = "" } = made.object.metadata ?? {}
    const patched = await direct.client.mergePatch<typeof made.object>(
      maps,
      "a",
      namespace,
      { data: { b: "2" } },
      { resourceVersion },
    )
    expect(patched.data).toEqual({ a: "1", b: "2" })
    await expect(
      direct.client.mergePatch(maps, "a", namespace, { metadata: { finalizers: [] } }, { resourceVersion }),
    ).rejects.toMatchObject({ status: 409, reason: "Conflict", retryable: true })

    expect(await direct.client.remove(maps, "a", namespace, { uid: "other", propagation: "Background" })).toBe("gone")
    expect(await direct.client.get(maps, "a", namespace)).toBeDefined()
    expect(await direct.client.remove(maps, "a", namespace, { uid, propagation: "Background" })).toBe("deleting")
    await direct.client.mergePatch(maps, "a", namespace, { metadata: { finalizers: null } })
    expect(await direct.client.remove(maps, "a", namespace, { uid, propagation: "Background" })).toBe("gone")
  })

  test("server-side apply: owns its fields, leaves the others'", async () => {
    await direct.client.apply(maps, map("applied"))
    await cluster.kubectl(["-n", namespace, "patch", "configmap", "applied", "-p", '{"data":{"theirs":"x"}}'])
    const applied = await direct.client.apply(maps, { ...map("applied"), data: { b: "2" } })
    expect(applied.data).toEqual({ b: "2", theirs: "x" })
    const { managedFields } = applied.metadata as { managedFields?: { manager: string; operation: string }[] }
    expect(managedFields).toContainEqual(
      expect.objectContaining({ manager: "file-recovery-operator", operation: "Apply" }),
    )
  })

  test("what isn't there: an object, a kind", async () => {
    const nobody = { apiVersion: "nobody.example/v1", kind: "Nobody", plural: "nobodies", namespaced: true }
    expect(await direct.client.get(nobody, "a", namespace)).toBeUndefined()
    await expect(direct.client.list(nobody)).rejects.toMatchObject({ status: 404 })
  })

  test("refusals have our reason and the API server's words", async () => {
    const pod = {
      metadata: { name: "p", namespace },
      spec: { containers: [{ name: "main", image: "localhost/pause:1" }] },
    }
    await expect(direct.client.create(kinds.Pod, pod)).rejects.toMatchObject({
      code: "PodRefused",
      message: expect.stringContaining("violates PodSecurity"),
    })
    const stranger = openKube(configOf({ as: "nobody" }))
    await expect(stranger.client.list(kinds.Secret)).rejects.toMatchObject({
      code: "Forbidden",
      message: expect.stringContaining('User "nobody" cannot list resource "secrets"'),
    })
    stranger.connection.close()
    await cluster.apply({
      apiVersion: "v1",
      kind: "ResourceQuota",
      metadata: { name: "none", namespace },
      spec: { hard: { "count/services": "0" } },
    })
    const service = { metadata: { name: "s", namespace }, spec: { ports: [{ port: 1 }] } }
    // the quota controller counts first
    await until("the quota", async () => !(await tries(direct.client.create(kinds.Service, service))))
    await expect(
      direct.client.create(kinds.Service, { ...service, metadata: { name: "t", namespace } }),
    ).rejects.toMatchObject({ code: "QuotaExceeded", message: expect.stringContaining("exceeded quota: none") })
  })

  test("an event that happens again is one event with a count", async () => {
    const regarding = { apiVersion: "v1", kind: "ConfigMap", ...(await direct.client.apply(maps, map("watched"))) }
    const events = new KubeEventRecorder({ client: direct.client, instance: "test", onFailure: fail })
    for (let i = 0; i < 3; i += 1)
      events.record(regarding, { type: "Warning", reason: "CloneFailed", message: "no space" })
    await events.flush()
    const seen = await direct.client.list<KubeObject & { series?: { count: number } }>(kinds.Event, { namespace })
    expect(seen.map(({ series }) => series?.count)).toEqual([3])
    const { stdout } = await cluster.kubectl(["-n", namespace, "describe", "configmap", "watched"])
    expect(stdout).toMatch(/Warning +CloneFailed .*no space/)
  })
})

async function tries(work: Promise<unknown>): Promise<boolean> {
  return await work.then(
    () => true,
    () => false,
  )
}

function fail(error: unknown): never {
  throw error
}

describe("through a network that breaks", () => {
  let relay: Relay
  let kube: Kube
  beforeEach(async () => {
    const { hostname, port } = new URL(configOf().getCurrentCluster()?.server ?? "")
    relay = await openRelay(Number(port), hostname)
    kube = openKube(configOf({ port: relay.port }))
  })
  afterEach(async () => {
    kube.connection.close()
    await relay.close()
  })

  test.each([
    ["cut", () => relay.cut()],
    ["silent", () => relay.stall()],
  ])("%s: the reflector misses nothing of what happened meanwhile", async (how, breaks) => {
    const labels = { test: how }
    const changes: string[] = []
    const stop = new AbortController()
    const reflector = new Reflector({
      transport: kube.transport,
      kind: maps,
      namespace,
      labelSelector: `test=${how}`,
      backoff: { firstMs: 100, capMs: 500 },
      watchLimits: { silenceMs: 3000, maxLineBytes: 2 ** 22 },
      onChange: ({ type, object }: Change<KubeObject>) => changes.push(`${type} ${object.metadata?.name}`),
      // the silent relay passes nothing until its connections are cut
      onFailure: () => relay.cut(),
    })
    const running = reflector.run(stop.signal)
    await reflector.synced
    const goes = await direct.client.apply(maps, map(`${how}-goes`, { labels }))
    await direct.client.apply(maps, map(`${how}-stays`, { labels }))
    await until("both", () => changes.length === 2)
    breaks()
    const options = { uid: goes.metadata?.uid ?? "", propagation: "Background" } as const
    await direct.client.remove(maps, `${how}-goes`, namespace, options)
    await direct.client.apply(maps, { ...map(`${how}-stays`, { labels }), data: { b: "2" } })
    await direct.client.apply(maps, map(`${how}-new`, { labels }))
    await until("all changes", () => changes.length === 5)
    expect(changes.slice(2).toSorted()).toEqual([`add ${how}-new`, `delete ${how}-goes`, `update ${how}-stays`])
    stop.abort()
    await running
  })

  test("the leader that can't renew stops before another leads; a stopped one hands over at once", async () => {
    const order: string[] = []
    const times = { durationMs: 4000, renewDeadlineMs: 2500, retryMs: 500 }
    const contend = (identity: string, through: Kube) => {
      const stop = new AbortController()
      const lease = new LeaderLease({ client: through.leaseClient, name: "leader", namespace, identity, ...times })
      const outcome = lease.run(stop.signal, async (signal) => {
        order.push(`${identity} leads`)
        await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }))
        order.push(`${identity} stops`)
      })
      return { stop, outcome }
    }
    const first = contend("first", kube)
    await until("the first", () => order.length === 1)
    const second = contend("second", direct)
    relay.stall()
    expect(await first.outcome).toBe("lost")
    await until("the second", () => order.length === 3)
    second.stop.abort()
    expect(await second.outcome).toBe("stopped")
    const third = contend("third", direct)
    await until("the third", () => order.includes("third leads"))
    third.stop.abort()
    await third.outcome
    expect(order).toEqual(["first leads", "first stops", "second leads", "second stops", "third leads", "third stops"])
    const lease = await direct.client.get<Lease>(kinds.Lease, "leader", namespace)
    expect(lease?.spec).toMatchObject({ holderIdentity: "", leaseTransitions: 2 })
  })
})
