import { afterEach, expect, test } from "vitest"
import type { SessionSpecInput } from "../../src/api/spec.ts"
import { ApiFailure } from "../support/api-objects.ts"
import { type ApiServer, send, statusOf } from "../support/api-server.ts"
import { openSessionLab, type SessionLab } from "../support/session-lab.ts"
import { paths } from "../support/session-world.ts"

/** What the operator finds out before it makes anything, with real reconciles against an API server in this process. */
let lab: SessionLab
let api: ApiServer
afterEach(() => lab.close())

const source: SessionSpecInput = { source: { persistentVolumeClaims: [{ name: "data" }] } }
const isReady = () => lab.phase() === "Ready"
const accepted = () => lab.world.status("orders").conditions?.find(({ type }) => type === "Accepted")
const create = (path: string, name: string, fields: object = {}) =>
  api.objects.create(path, { metadata: { name }, ...fields })
const isDryRun = ({ url }: ApiServer["requests"][number]) => url.searchParams.has("dryRun")

async function open(changes: object = {}): Promise<void> {
  lab = await openSessionLab(changes)
  api = lab.api
}

/** How a session of claim `data` stands after several looks, what was made for it, and what was told. */
async function standing(spec = source) {
  lab.world.session("orders", spec)
  for (let looks = 0; looks < 3; looks++) await lab.look()
  return { phase: lab.phase(), accepted: accepted(), made: lab.world.leftovers, events: lab.events }
}

/** It waits for this reason, nothing was made, and it was told once. */
const waits = (reason: string, words: string): unknown => ({
  phase: "Pending",
  accepted: expect.objectContaining({ status: "False", reason, message: expect.stringContaining(words) as string }),
  made: [],
  events: ["Pending", reason],
})

async function untilReady() {
  await lab.until(isReady)
  return accepted()
}
const started = expect.objectContaining({ status: "True", reason: "Accepted" }) as unknown

/** Answers what is asked of these collections with a failure. */
function refuse(code: number, reason: string, words: string, asks: (request: { method: string; url: URL }) => boolean) {
  api.fault = ({ method = "" }, response, url) => {
    if (!asks({ method, url })) return false
    send(response, code, statusOf(new ApiFailure(code, reason, words)))
    return true
  }
}
const tries = (plural: string) => (request: { url: URL }) =>
  request.url.searchParams.has("dryRun") && request.url.pathname.endsWith(plural)

test("a quota that has room for one pod but not for two: waits, and starts when it is raised", async () => {
  await open()
  create(paths.quotas, "small", { status: { hard: { pods: "3" }, used: { pods: "2" } } })
  expect(await standing()).toEqual(
    waits("QuotaExceeded", "ResourceQuota small has no room: pods: 2 of 3 used, 2 needed."),
  )
  api.objects.patch(`${paths.quotas}/small`, { status: { hard: { pods: "4" } } })
  expect(await untilReady()).toEqual(started)
})

test("quotas have to have room for the clones and the guests of all recovery points", async () => {
  const resources = {
    guest: { limits: { memory: "1Gi" } },
    files: { limits: { memory: "1Gi" } },
    target: { limits: { memory: "1Gi" } },
  }
  await open({ resources })
  lab.world.snapshot("weekly", "data")
  create(paths.quotas, "small", { status: { hard: { persistentvolumeclaims: "1", "limits.memory": "3Gi" }, used: {} } })
  const words = "persistentvolumeclaims: 0 of 1 used, 2 needed; limits.memory: 0 of 3Gi used, 4Gi needed."
  expect(await standing({ ...source, recoveryPoints: [{ name: "weekly" }, { name: "nightly" }] })).toEqual(
    waits("QuotaExceeded", `ResourceQuota small has no room: ${words}`),
  )
})

test("what the API server's admission adds to a pod counts", async () => {
  await open()
  create(paths.quotas, "memory", { status: { hard: { "limits.memory": "1Gi" }, used: {} } })
  api.fault = (_, response, url) => {
    if (!tries("pods")({ url })) return false
    // as a LimitRange with defaults does
    const containers = [{ name: "x", resources: { limits: { memory: "600Mi" } } }]
    send(response, 201, { metadata: { name: "x", uid: "u" }, spec: { containers } })
    return true
  }
  expect(await standing()).toEqual(waits("QuotaExceeded", "limits.memory: 0 of 1Gi used, 1200Mi needed"))
})

test.each([
  ["pods", "PodRefused", 403, "Forbidden", "maximum memory usage per Container is 64Mi, but limit is 512Mi"],
  ["pods", "PodRefused", 400, "BadRequest", 'admission webhook "x" denied the request: no'],
  ["pods", "PodRefused", 500, "InternalError", 'failed calling webhook "x": connection refused'],
  ["pods", "QuotaExceeded", 403, "Forbidden", "exceeded quota: unseen, requested: pods=1, used: pods=5"],
  [
    "persistentvolumeclaims",
    "ClaimRefused",
    403,
    "Forbidden",
    "maximum storage usage per PersistentVolumeClaim is 512Mi, but request is 1Gi",
  ],
])("%s that would be refused: %s (%i)", async (plural, reason, code, apiReason, words) => {
  await open()
  refuse(code, apiReason, words, tries(plural))
  expect(await standing()).toEqual(waits(reason, words))
  api.fault = undefined
  expect(await untilReady()).toEqual(started)
})

test("a webhook that can't be asked without being meant keeps nobody waiting", async () => {
  await open()
  refuse(400, "BadRequest", 'admission webhook "x" does not support dry run', tries("pods"))
  lab.world.session("orders", source)
  expect(await untilReady()).toEqual(started)
})

test("an operator without the rights to look starts sessions as before", async () => {
  await open()
  const looks = /resourcequotas|networkpolicies|csidrivers/
  refuse(403, "Forbidden", 'User "op" cannot list resource "x" in API group ""', ({ method, url }) => {
    return (method === "GET" && looks.test(url.pathname)) || tries("pods")({ url })
  })
  lab.world.session("orders", source)
  expect(await untilReady()).toEqual(started)
})

test("an API server that fails is asked again, and nothing is concluded from that", async () => {
  await open()
  refuse(503, "ServiceUnavailable", "try later", ({ url }) => url.pathname.endsWith("resourcequotas"))
  lab.world.session("orders", source)
  await expect(lab.look()).rejects.toThrow("try later")
  expect(lab.world.leftovers).toEqual([])
  api.fault = undefined
  expect(await untilReady()).toEqual(started)
})

test("NetworkPolicies that open the pods: it starts, says which, and tells it once", async () => {
  await open()
  const everybody = { podSelector: {}, ingress: [{}] }
  create(paths.networkPolicies, "allow-all", { spec: everybody })
  create(paths.networkPolicies, "deny-all", { spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] } })
  create(paths.networkPolicies, "allow-dns", {
    spec: { podSelector: {}, policyTypes: ["Egress"], egress: [{ ports: [{ protocol: "UDP", port: 53 }] }] },
  })
  create(paths.networkPolicies, "allow-web", { spec: { ...everybody, podSelector: { matchLabels: { app: "web" } } } })
  lab.world.session("orders", source)
  await lab.until(isReady)
  for (let looks = 0; looks < 3; looks++) await lab.look()
  expect(accepted()).toMatchObject({ status: "True", reason: "NetworkOpened" })
  expect(accepted()?.message).toMatch(/NetworkPolicy allow-all also applies/)
  expect(lab.events).toEqual(["Provisioning", "NetworkOpened", "Ready"])
})

test("a driver that is nowhere; one without a CSIDriver that a node has", async () => {
  await open()
  api.objects.remove(`${paths.drivers}/disk.csi`)
  create(paths.csiNodes, "n1", { spec: { drivers: [{ name: "other.csi" }] } })
  expect(await standing()).toEqual(waits("DriverMissing", "CSI driver disk.csi"))
  create(paths.csiNodes, "n2", { spec: { drivers: [{ name: "disk.csi" }] } })
  expect(await untilReady()).toEqual(started)
})

test("no node that takes pods of sessions offers KVM: waits for one", async () => {
  const kvm = "devices.kubevirt.io/kvm"
  await open({ kvmResource: kvm, nodeSelector: { pool: "kvm" } })
  const node = (name: string, pool: string, spec: object, offered: string) =>
    api.objects.create(paths.nodes, {
      metadata: { name, labels: { pool } },
      spec,
      status: { allocatable: { [kvm]: offered } },
    } as never)
  node("cordoned", "kvm", { unschedulable: true }, "1k")
  node("elsewhere", "other", {}, "1k")
  node("broken", "kvm", {}, "0")
  expect(await standing()).toEqual(waits("KvmUnavailable", `offers ${kvm}`))
  node("good", "kvm", {}, "1k")
  expect(await untilReady()).toEqual(started)
})

test("what it costs: six requests before the start of a session, none later, and of the cluster once for all", async () => {
  await open()
  const looking = (request: ApiServer["requests"][number]) =>
    isDryRun(request) ||
    (request.method === "GET" && /resourcequotas|csidrivers|networkpolicies$/.test(request.url.pathname))
  const operator = lab.reconciler()
  lab.world.session("orders", source)
  await operator.reconcile({ namespace: "shop", name: "orders" })
  const asked = api.requests.filter((request) => looking(request)).map(({ method, url }) => `${method} ${url.pathname}`)
  expect(asked.sort()).toEqual([
    `GET ${paths.quotas}`,
    `GET ${paths.networkPolicies}`,
    `GET ${paths.drivers}/disk.csi`,
    `POST ${paths.claims}`,
    `POST ${paths.pods}`,
    `POST ${paths.pods}`,
  ])
  await lab.until(isReady)
  expect(api.requests.filter((request) => looking(request))).toHaveLength(6)
  lab.world.session("more", source)
  await operator.reconcile({ namespace: "shop", name: "more" })
  expect(api.requests.filter((request) => looking(request))).toHaveLength(6 + 5)
})

test("of many claims of a class the smallest and the largest are tried", async () => {
  await open()
  for (const [name, restoreSize] of Object.entries({ a: "3Gi", b: "1Gi", c: "2Gi" })) {
    lab.world.snapshot(`${name}-1`, name)
    api.objects.patch(`${paths.snapshots}/${name}-1`, { status: { restoreSize } })
  }
  const persistentVolumeClaims = ["a", "b", "c"].map((name) => ({ name }))
  lab.world.session("orders", { source: { persistentVolumeClaims } })
  await lab.look()
  const sizes = api.requests
    .filter((request) => isDryRun(request) && request.url.pathname === paths.claims)
    .map(({ body }) => (JSON.parse(body) as { spec: { resources: { requests: object } } }).spec.resources.requests)
  expect(sizes).toEqual([{ storage: "1Gi" }, { storage: "3Gi" }])
})
