import { type ChildProcess, spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { renderCrds } from "../../src/api/crd.ts"
import { initAuthority } from "../../src/controller/init-authority.ts"
import { parseSettings } from "../../src/api/settings.ts"
import { openKube } from "../../src/kube/kube.ts"
import { type ApiServer, startApiServer } from "../support/api-server.ts"
import { waitFor } from "../support/wait.ts"

const entry = new URL("../../src/operator.ts", import.meta.url).pathname
const secretPath = "/api/v1/namespaces/system/secrets/authority"
const leasePath = "/apis/coordination.k8s.io/v1/namespaces/system/leases/operator"

const definitionsPath = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

let api: ApiServer
let directory: string
let port: number
const running: ChildProcess[] = []

beforeEach(async () => {
  api = await startApiServer()
  for (const definition of Object.values(renderCrds())) api.objects.create(definitionsPath, definition as never)
  directory = mkdtempSync(join(tmpdir(), "operator-process-"))
  port = await freePort()
  writeFileSync(join(directory, "kubeconfig"), api.config.exportConfig(), { mode: 0o600 })
  writeFileSync(join(directory, "settings.json"), JSON.stringify(settings()))
})
afterEach(async () => {
  for (const child of running.splice(0)) child.kill("SIGKILL")
  rmSync(directory, { recursive: true })
  await api.close()
})

const settings = () => ({
  engineImage: "engine:dev",
  instance: "test",
  operatorNamespace: "system",
  operatorLabels: { app: "operator" },
  healthPort: port,
  leaseName: "operator",
  authoritySecret: "authority",
  authorityDir: join(directory, "authority"),
})

function start(...args: string[]) {
  const env = { ...process.env, KUBECONFIG: join(directory, "kubeconfig"), NODE_NO_WARNINGS: "1", POD_NAME: "pod-1" }
  const child = spawn(process.execPath, [entry, ...args, "--settings", join(directory, "settings.json")], { env })
  running.push(child)
  const output = { out: "", err: "" }
  child.stdout.on("data", (chunk: Buffer) => (output.out += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (output.err += chunk.toString()))
  const exit = new Promise<number | null>((resolve) => child.once("close", resolve))
  return { child, output, exit }
}

/** The Secret that init-authority makes, and what the kubelet does with it. */
async function makeAndMountAuthority(): Promise<void> {
  const kube = openKube(api.config)
  await initAuthority(kube.client, parseSettings(JSON.stringify(settings())), new Date())
  kube.connection.close()
  mountAuthority()
}

function mountAuthority(): Record<string, string> {
  const { stringData } = api.objects.get(secretPath) as unknown as { stringData: Record<string, string> }
  mkdirSync(join(directory, "authority"))
  for (const [name, text] of Object.entries(stringData)) writeFileSync(join(directory, "authority", name), text)
  return stringData
}

const until = (what: string, ask: () => Promise<boolean> | boolean, output: { out: string; err: string }) =>
  waitFor(what, async () => ask(), { seconds: 20, everyMs: 20, describe: () => JSON.stringify(output) })
const ask = async (path: string) => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return { status: response.status, text: await response.text() }
}
const holder = (): unknown => {
  const [lease] = api.objects.list("/apis/coordination.k8s.io/v1/leases", () => true)
  return (lease?.["spec"] as { holderIdentity?: string } | undefined)?.holderIdentity
}

describe("init-authority", () => {
  test("makes the Secret once; the second time it stays as it is, and that is fine", async () => {
    expect(await start("init-authority").exit).toBe(0)
    const { metadata } = api.objects.get(secretPath)
    const second = start("init-authority")
    expect([await second.exit, api.objects.get(secretPath).metadata.uid]).toEqual([0, metadata.uid])
    expect(api.requests.map(({ method }) => method)).toEqual(["POST", "POST"])
    for (const secret of Object.values(mountAuthority())) expect(second.output.out).not.toContain(secret)
  })

  test("refused: says so and fails, so that the Job tries again", async () => {
    api.fault = (_, response) =>
      Boolean(response.writeHead(403).end('{"kind":"Status","code":403,"message":"no right"}'))
    const refused = start("init-authority")
    expect(await refused.exit).toBe(1)
    expect(refused.output.err).toContain("create Secret system/authority: no right")
  })
})

describe("release-all", () => {
  test("nothing in progress: done", async () => {
    const { output, exit } = start("release-all")
    expect([await exit, output.out]).toEqual([0, expect.stringContaining("no session is in progress")])
  })

  test("not in time: fails and names the session, so that nothing is uninstalled", async () => {
    const sessions = "/apis/filerecovery.dev/v1alpha1/namespaces/shop/filerecoverysessions"
    api.objects.create(sessions, { metadata: { name: "orders", namespace: "shop" }, spec: {} } as never)
    const { output, exit } = start("release-all", "--timeout", "1s")
    expect([await exit, output.err]).toEqual([1, expect.stringContaining("Not released within 1 s: shop/orders (")])
    expect(output.err).toContain("helm uninstall --no-hooks")
    expect(api.objects.get(`${sessions}/orders`)["spec"]).toEqual({ desiredState: "Unmounted" })
  })
})

describe("the operator", () => {
  const startLeading = async () => {
    await makeAndMountAuthority()
    const operator = start()
    await until("leading", () => holder() !== undefined && String(holder()).startsWith("pod-1_"), operator.output)
    return operator
  }

  test("is alive and ready, tells metrics, and gives the lease back when it's told to stop", async () => {
    const { child, output, exit } = await startLeading()
    expect([await ask("/livez"), await ask("/readyz")]).toEqual([
      { status: 200, text: "ok\n" },
      { status: 200, text: "ok\n" },
    ])
    await until(
      "metrics of a leader",
      async () => (await ask("/metrics")).text.includes("filerecovery_leader 1"),
      output,
    )
    child.kill("SIGTERM")
    expect([await exit, holder(), api.watches]).toEqual([0, "", 0])
  })

  test("collects orphans: those it finds when it begins, and those it is told of", async () => {
    const policies = "/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies"
    const orphan = (role: string) => {
      const [session, uid] = ["orders", "0f5c8a4e-7f1b-4a3a-9f0e-2f1f6d7c9b10"]
      const own = { session, "session-uid": uid, instance: "test" }
      const labels = Object.fromEntries(Object.entries(own).map(([key, value]) => [`filerecovery.dev/${key}`, value]))
      const name = `frsess-orders-9d54e48d-${role}`
      api.objects.create(policies, { metadata: { name, namespace: "shop", labels } })
    }
    const none = () => api.objects.list(policies, () => true).length === 0
    orphan("target")
    const { output } = await startLeading()
    await until("the first to be gone", none, output)
    orphan("restore")
    await until("the second to be gone", none, output)
    const told = () => api.objects.list("/apis/events.k8s.io/v1/namespaces/shop/events", () => true)
    await until("the events", () => told().length === 2, output)
    expect(told()[0]).toMatchObject({
      type: "Warning",
      reason: "OrphanRemoved",
      regarding: { kind: "NetworkPolicy", name: "frsess-orders-9d54e48d-target", namespace: "shop" },
    })
    expect(output.out).toContain('"msg":"an orphan was removed"')
    const { text } = await ask("/metrics")
    expect(text).toContain('filerecovery_orphans_removed_total{kind="NetworkPolicy"} 2\n')
    expect(text).toMatch(/^filerecovery_last_orphan_sweep_timestamp_seconds [1-9]/m)
  })

  test("isn't ready while it can't list, and doesn't take the lease", async () => {
    await makeAndMountAuthority()
    api.fault = (_, response, url) => url.pathname.endsWith("/pods") && Boolean(response.writeHead(500).end())
    const { child, output, exit } = start()
    await until("the rest", async () => (await ask("/readyz")).text === "pods were not listed yet\n", output)
    expect([(await ask("/readyz")).status, (await ask("/livez")).status, holder()]).toEqual([503, 200, undefined])
    child.kill("SIGTERM")
    expect(await exit).toBe(0)
  })

  test("isn't ready while definitions lack what it knows: says which, and how to mend it, and goes on when that is done", async () => {
    await makeAndMountAuthority()
    const [sessions, copies] = ["sessions", "copies"].map((name) => `filerecovery${name}.filerecovery.dev`)
    const { metadata, ...definition } = api.objects.get(`${definitionsPath}/${sessions}`)
    const { spec } = JSON.parse(JSON.stringify(definition).replace('"clients":', '"customers":')) as { spec: object }
    api.objects.patch(`${definitionsPath}/${sessions}`, { spec })
    api.objects.remove(`${definitionsPath}/${copies}`)
    const { child, output, exit } = start()
    const cure = "Apply the definitions of this version (docs/install.md): kubectl apply --server-side"
    const lacking = `CustomResourceDefinition ${sessions} is older than this operator and lacks spec.access.clients. ${cure}`
    await until("the reasons", async () => (await ask("/readyz")).text.includes(lacking), output)
    const { status, text } = await ask("/readyz")
    expect([status, text]).toEqual([
      503,
      expect.stringContaining(`CustomResourceDefinition ${copies} is not installed.`),
    ])
    expect([output.out.split(lacking).length, holder()]).toEqual([2, undefined])
    api.objects.create(definitionsPath, renderCrds()["filerecovery.dev_filerecoverycopies.yaml"] as never)
    api.objects.patch(`${definitionsPath}/${metadata.name}`, definition)
    await until("leading", () => String(holder()).startsWith("pod-1_"), output)
    expect((await ask("/readyz")).status).toBe(200)
    child.kill("SIGTERM")
    expect(await exit).toBe(0)
  })

  test("isn't ready while it may not read them, and says so", async () => {
    await makeAndMountAuthority()
    api.fault = (_, response, url) =>
      url.pathname.startsWith(definitionsPath) &&
      Boolean(response.writeHead(403).end('{"kind":"Status","code":403,"message":"no right"}'))
    const { output } = start()
    await until("the reason", async () => (await ask("/readyz")).text.includes("can't be read: "), output)
    expect((await ask("/readyz")).text).toContain("no right")
    expect(holder()).toBeUndefined()
  })

  test("somebody took the lease: the process ends with 1 and leaves it to them", async () => {
    const { output, exit } = await startLeading()
    await until("the theft", () => steal(), output)
    expect([await exit, holder()]).toEqual([1, "thief"])
  })

  test("no authority to read: says which files, and ends", async () => {
    const { output, exit } = start()
    expect(await exit).toBe(1)
    expect(output.err).toContain(join(directory, "authority", "ca.crt"))
  })
})

/** As another contender would: with the version it read. */
function steal(): boolean {
  const { metadata } = api.objects.get(leasePath)
  api.objects.patch(leasePath, { spec: { holderIdentity: "thief" } }, metadata.resourceVersion)
  return true
}

test.each([
  ["an unknown command", ["frobnicate"], undefined, "unknown command"],
  ["an unknown option", ["--frob"], undefined, "--frob"],
  ["a time-out that is none", ["release-all", "--timeout", "soon"], undefined, "--timeout must be a duration"],
  ["a time-out for something else", ["--timeout", "1m"], undefined, "--timeout is for release-all"],
  ["wrong settings", [], { engineImage: 1 }, "engineImage: "],
])("%s: exit code 2 and how to do it right", async (_, args, wrong, words) => {
  if (wrong) writeFileSync(join(directory, "settings.json"), JSON.stringify({ ...settings(), ...wrong }))
  const { output, exit } = start(...args)
  expect([await exit, output.err]).toEqual([2, expect.stringContaining(words)])
  expect(output.err).toContain("usage: operator")
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
