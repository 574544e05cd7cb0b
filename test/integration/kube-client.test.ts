import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { KubeConfig } from "@kubernetes/client-node"
import { KubeError } from "../../src/kube/errors.ts"
import { kinds } from "../../src/kube/kinds.ts"
import { type Kube, openKube } from "../../src/kube/kube.ts"
import { RestClient } from "../../src/kube/rest-client.ts"
import { RateLimit } from "../../src/kube/rate-limit.ts"
import { Transport } from "../../src/kube/transport.ts"
import { ApiFailure } from "../support/api-objects.ts"
import { type ApiServer, send, startApiServer, statusOf } from "../support/api-server.ts"

let api: ApiServer
let kube: Kube
beforeEach(async () => {
  api = await startApiServer()
  kube = openKube(api.config)
})
afterEach(async () => {
  kube.connection.close()
  await api.close()
})

const claim = (name: string, more: object = {}) => ({ metadata: { name, namespace: "shop", ...more } })
const claims = kinds.PersistentVolumeClaim

async function failureOf(work: Promise<unknown>): Promise<KubeError> {
  const error = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof KubeError)) throw new Error(`expected a KubeError, got ${String(error)}`)
  return error
}

describe("well behaved", () => {
  test("create, get, list in pages, patch, delete", async () => {
    expect(await kube.client.get(claims, "a", "shop")).toBeUndefined()
    expect(await kube.client.create(claims, claim("a"))).toMatchObject({
      created: true,
      object: { kind: "PersistentVolumeClaim" },
    })
    expect(await kube.client.create(claims, claim("a"))).toEqual({ created: false })
    for (let i = 0; i < 1200; i += 1)
      api.objects.create("/api/v1/namespaces/more/pods", { metadata: { name: `p${i}` } })
    const pods = await kube.client.list(kinds.Pod)
    expect([pods.length, pods[1199]?.kind, pods[1199]?.apiVersion]).toEqual([1200, "Pod", "v1"])
    expect(api.requests.filter(({ url }) => url.pathname === "/api/v1/pods")).toHaveLength(3)

    const patched = await kube.client.mergePatch(claims, "a", "shop", { metadata: { finalizers: ["x/y"] } })
    const stale = { resourceVersion: "1" }
    const conflict = await failureOf(
      kube.client.mergePatch(claims, "a", "shop", { metadata: { finalizers: [] } }, stale),
    )
    expect(conflict).toMatchObject({ status: 409, reason: "Conflict", retryable: true })
    const uid = patched.metadata?.uid ?? ""
    expect(await kube.client.remove(claims, "a", "shop", { uid: "another", propagation: "Background" })).toBe("gone")
    expect(await kube.client.remove(claims, "a", "shop", { uid, propagation: "Background" })).toBe("deleting")
    await kube.client.mergePatch(claims, "a", "shop", { metadata: { finalizers: [] } })
    expect(await kube.client.remove(claims, "a", "shop", { uid, propagation: "Background" })).toBe("gone")
  })

  test("server-side apply names the field manager, forces, and sends nothing of the object with its status but the status", async () => {
    await kube.client.apply(kinds.Service, { ...claim("s"), spec: { ports: [] } } as never)
    await kube.client.applyStatus(kinds.FileRecoverySession, {
      ...claim("x"),
      spec: { a: 1 },
      status: { phase: "Ready" },
    } as never)
    const [service, status] = api.requests
    expect(service?.url.search).toBe("?fieldManager=file-recovery-operator&force=true")
    expect(status?.url.pathname).toBe("/apis/filerecovery.dev/v1alpha1/namespaces/shop/filerecoverysessions/x/status")
    expect(JSON.parse(status?.body ?? "")).toEqual({
      apiVersion: "filerecovery.dev/v1alpha1",
      kind: "FileRecoverySession",
      metadata: { name: "x", namespace: "shop" },
      status: { phase: "Ready" },
    })
  })

  test("all requests of all clients go over few connections", async () => {
    for (let i = 0; i < 20; i += 1) await kube.client.get(claims, "a", "shop")
    for (let i = 0; i < 5; i += 1) await kube.leaseClient.get(kinds.Lease, "a", "shop")
    expect(api.connections).toBe(1)
  })

  test("a missing name never becomes a request about a whole collection", async () => {
    await expect(kube.client.remove(claims, "", "shop", { uid: "u", propagation: "Background" })).rejects.toThrow(
      "without a name",
    )
    await expect(kube.client.get(claims, "a")).rejects.toThrow("without a namespace")
    expect(api.requests).toEqual([])
  })
})

describe("breaking", () => {
  test("a refusal keeps the API server's words", async () => {
    const words = 'pods "x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false'
    api.fault = (_, response) => {
      send(response, 403, { ...statusOf(new ApiFailure(403, "Forbidden", words)), details: { kind: "pods" } })
      return true
    }
    const error = await failureOf(kube.client.create(kinds.Pod, claim("x")))
    expect(error).toMatchObject({ code: "PodRefused", message: `create Pod shop/x: ${words}` })
  })

  test.each([
    ["a page of a proxy", 502, "<html>Bad Gateway</html>", { status: 502, code: "ApiUnavailable", retryable: true }],
    ["garbage with 200", 200, "{not json", { status: 0, code: "ApiUnavailable", retryable: true }],
    ["no list where there should be one", 200, "{}", { status: 0, code: "ApiUnavailable", retryable: true }],
    ["a wrong token", 401, "", { status: 401, code: "Forbidden", retryable: true }],
  ])("%s", async (_, status, body, expected) => {
    api.fault = (_, response) => {
      response.writeHead(status).end(body)
      return true
    }
    expect(await failureOf(kube.client.list(claims))).toMatchObject(expected)
  })

  test.each([
    ["no answer", () => true],
    [
      "an answer that stops in the middle",
      (_: unknown, response: { write: (text: string) => void }) => {
        response.write('{"kind":')
        return true
      },
    ],
  ] as const)("%s: fails within the time-out", async (_, fault) => {
    api.fault = fault
    const hasty = new Transport({
      connection: kube.connection,
      limit: new RateLimit({ qps: 10, burst: 10 }),
      timeoutMs: 100,
    })
    const error = await failureOf(new RestClient(hasty).get(claims, "a", "shop"))
    expect(error).toMatchObject({
      status: 0,
      retryable: true,
      message: "get PersistentVolumeClaim shop/a: no answer within 0.1 s",
    })
  })

  test("the server closed the kept-alive connection: the request is sent again on a new one", async () => {
    await kube.client.get(claims, "a", "shop")
    let cuts = 0
    api.fault = (request) => {
      if (cuts > 0) return false
      cuts += 1
      request.socket.destroy()
      return true
    }
    expect(await kube.client.get(claims, "a", "shop")).toBeUndefined()
    expect([cuts, api.connections]).toEqual([1, 2])
  })

  test("a server with a certificate of another authority isn't believed", async () => {
    const other = await startApiServer()
    const config = new KubeConfig()
    const [cluster] = api.config.clusters
    if (!cluster) throw new Error("no cluster")
    const clusters = [{ ...cluster, server: other.config.clusters[0]?.server ?? "" }]
    config.loadFromOptions({ clusters, users: api.config.users, contexts: api.config.contexts, currentContext: "test" })
    const error = await failureOf(openKube(config).client.get(claims, "a", "shop"))
    expect([error.status, other.requests]).toEqual([0, []])
    expect(error.message).toMatch(/certificate|signature/)
    await other.close()
  })
})
