import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { callerOf } from "../support/caller.ts"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { installChart, operatorNamespace, scaleOperator } from "../support/install.ts"
import { type Inventory, takeInventory } from "../support/inventory.ts"
import { type LiveSession, waitForPhase } from "../support/live-session.ts"
import { nothingLeft } from "../support/nothing-left.ts"
import { run } from "../support/run.ts"
import * as shop from "../support/shop.ts"
import { makeDisk } from "../support/small-disk.ts"
import { takeSnapshots } from "../support/snapshot.ts"
import { waitFor } from "../support/wait.ts"

/** `helm uninstall` while sessions live: they are released first, or nothing is uninstalled. Leaves no installation, but its CRDs. */
const namespace = "e2e-uninstall"
const account = `system:serviceaccount:${operatorNamespace}:file-recovery-release-all`
const session = (name: string) => ({
  apiVersion: "filerecovery.dev/v1alpha1",
  kind: "FileRecoverySession",
  metadata: { name, namespace },
  spec: { source: { persistentVolumeClaims: [{ name: "data" }] }, ttl: "1h" },
})
let cluster: Cluster
let before: Inventory

const uninstall = (...more: string[]) => {
  const args = ["uninstall", "file-recovery", "--namespace", operatorNamespace, "--wait", ...more]
  return run("helm", args, { env: cluster.env, accept: undefined })
}
const phase = async (name: string) => (await cluster.get<LiveSession>("frsess", name, namespace))?.status?.phase
/** What is there of the release and its hooks, in its namespace and outside of all. */
async function installed(): Promise<string[]> {
  const kinds = "deployments,serviceaccounts,jobs,clusterroles,clusterrolebindings,validatingadmissionpolicies,secrets"
  const { stdout } = await cluster.kubectl(["get", kinds, "-n", operatorNamespace, "-o", "name"])
  return stdout
    .split("\n")
    .filter((name) => /\/file-recovery/.test(name))
    .sort()
}

beforeAll(async () => {
  cluster = await openCluster()
  await installChart(cluster, "uninstall.timeout=15s")
  await shop.makeNamespace(cluster, namespace)
  await makeDisk(cluster, namespace, "data", "mkfs.ext4 -q /dev/disk")
  await takeSnapshots(cluster, namespace, [{ claim: "data", name: "nightly" }])
  before = await takeInventory(cluster)
})

afterAll(async () => {
  await shop.removeNamespaces(cluster, namespace)
})

describe("the account that releases sessions, whatever its rights", () => {
  const binding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "e2e-release-with-every-right" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", namespace: operatorNamespace, name: "file-recovery-release-all" }],
  }
  const patch = (change: object) => {
    const args = ["patch", "frsess", "asked", "-n", namespace, "--type=merge", "-p", JSON.stringify(change)]
    return callerOf(cluster, account).does(args)
  }
  beforeAll(async () => {
    await cluster.apply(binding, { ...session("asked"), spec: { source: { volumeSnapshots: [{ name: "none" }] } } })
    const mayRead = async () => (await callerOf(cluster, account).does(["get", "nodes"])) === ""
    await waitFor("the rights to be in force", mayRead, { seconds: 30 })
  })
  afterAll(async () => {
    await cluster.kubectl(["delete", "clusterrolebinding", binding.metadata.name])
    await cluster.kubectl(["delete", "frsess", "asked", "-n", namespace, "--timeout=60s"])
  })

  test.each([
    ["another time", { spec: { ttl: "30m" } }],
    ["another time as it unmounts", { spec: { ttl: "30m", desiredState: "Unmounted" } }],
    ["a new field as it unmounts", { spec: { idleTimeout: "5m", desiredState: "Unmounted" } }],
    ["a label", { metadata: { labels: { a: "b" } }, spec: { desiredState: "Unmounted" } }],
    ["a finalizer", { metadata: { finalizers: ["example.test/stay"] }, spec: { desiredState: "Unmounted" } }],
    ["an annotation", { metadata: { annotations: { a: "b" } } }],
  ])("sets %s: refused", async (_, change) => {
    expect(await patch(change)).toContain("may set their desiredState to Unmounted and nothing else")
  })

  test.each([
    ["a session", session("more")],
    ["a Secret", { apiVersion: "v1", kind: "Secret", metadata: { name: "more", namespace } }],
  ])("creates %s: refused", async (_, object) => {
    expect(await callerOf(cluster, account).tries("create", object)).toContain("and nothing else")
  })

  test("unmounts: admitted", async () => {
    expect(await patch({ spec: { desiredState: "Unmounted" } })).toBe("")
  })
})

describe("a session that nobody releases", () => {
  test("in time: Helm says which, and has removed nothing", async () => {
    await scaleOperator(cluster, 0)
    await cluster.apply(session("orders"))
    const present = await installed()
    const { code, stdout, stderr } = await uninstall()
    expect(code).toBe(1)
    expect(`${stdout}\n${stderr}`).toContain(`Not released within 15 s: ${namespace}/orders (`)
    expect(await installed()).toEqual([...present, "job.batch/file-recovery-release-all"].sort())
  })
})

describe("a session that is Ready", () => {
  test("is unmounted, then all goes; its object can be deleted with no operator there", async () => {
    await cluster.kubectl(["delete", "frsess", "orders", "-n", namespace])
    await scaleOperator(cluster, 2)
    await cluster.apply(session("orders"))
    await waitForPhase(cluster, { namespace, name: "orders" }, "Ready")
    expect(await uninstall()).toMatchObject({ code: 0 })
    expect([await phase("orders"), await installed()]).toEqual(["Unmounted", []])
    await cluster.kubectl(["delete", "frsess", "orders", "-n", namespace, "--timeout=10s"])
    await nothingLeft(cluster, before)
  })

  test("without hooks stays as it is, and an operator installed afterwards releases it", async () => {
    await installChart(cluster)
    before = await takeInventory(cluster)
    await cluster.apply(session("orders"))
    await waitForPhase(cluster, { namespace, name: "orders" }, "Ready")
    expect(await uninstall("--no-hooks")).toMatchObject({ code: 0 })
    expect([await phase("orders"), await installed()]).toEqual(["Ready", ["secret/file-recovery-authority"]])
    await installChart(cluster)
    await cluster.kubectl(["delete", "frsess", "orders", "-n", namespace, "--timeout=120s"])
    expect(await uninstall()).toMatchObject({ code: 0 })
    await nothingLeft(cluster, before)
  })
})
