import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import type { Report } from "../../src/cli/create/report.ts"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { installChart } from "../support/install.ts"
import { added, takeInventory } from "../support/inventory.ts"
import type { LiveSession } from "../support/live-session.ts"
import { makeRestorer, type Restorer } from "../support/restorer.ts"
import * as shop from "../support/shop.ts"
import { makeDisk } from "../support/small-disk.ts"
import { takeSnapshots } from "../support/snapshot.ts"
import { waitFor } from "../support/wait.ts"

/** What would fail is said before anything is made: by the operator in `Accepted`, and by the plugin with a user's rights. */
const namespace = "e2e-preflight"
let cluster: Cluster
let restorer: Restorer

const object = (kind: string, name: string, spec: object, apiVersion = "v1") => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
  spec,
})
const quota = (hard: object) => object("ResourceQuota", "small", { hard })
const limits = (limit: object) => object("LimitRange", "narrow", { limits: [limit] })
const openPolicy = object("NetworkPolicy", "allow-all", { podSelector: {}, ingress: [{}] }, "networking.k8s.io/v1")

/** In the way of a session of the claim `data` (64 MiB), with what is said of it. */
const obstacles: [string, object, string, RegExp][] = [
  [
    "a quota for storage",
    quota({ "requests.storage": "100Mi" }),
    "QuotaExceeded",
    /ResourceQuota small has no room: requests\.storage: 64Mi of 100Mi used, 64Mi needed/,
  ],
  [
    "a quota with room for one of the pods",
    quota({ "requests.memory": "1400Mi" }),
    "QuotaExceeded",
    /requests\.memory: 0 of 1400Mi used, 1472Mi needed/,
  ],
  [
    "a LimitRange below what the guest asks for",
    limits({ type: "Container", max: { memory: "600Mi" } }),
    "PodRefused",
    /The restore pod would be refused: .*maximum memory usage per Container is 600Mi, but limit is 1216Mi/,
  ],
  [
    "a LimitRange below the clone",
    limits({ type: "PersistentVolumeClaim", max: { storage: "32Mi" } }),
    "ClaimRefused",
    /A clone would be refused: .*maximum storage usage per PersistentVolumeClaim is 32Mi, but request is (64Mi|67108864)/,
  ],
]

/** Puts it there and waits until the API server minds it. */
async function place(obstacle: object): Promise<void> {
  await cluster.apply(obstacle)
  if (!("kind" in obstacle) || obstacle.kind !== "ResourceQuota") return
  const counted = async () =>
    (await cluster.get<{ status?: { used?: object } }>("resourcequota", "small", namespace))?.status?.used
  await waitFor("the quota to be counted", counted, { seconds: 30 })
}

const dryRun = (...more: string[]) =>
  restorer.recover("create", "orders", "--from", "pvc/data", "--dry-run=server", ...more)
const live = () => cluster.get<LiveSession>("filerecoverysession", "orders", namespace)
const accepted = async () => (await live())?.status?.conditions?.find(({ type }) => type === "Accepted")
const apply = () =>
  cluster.apply(
    object(
      "FileRecoverySession",
      "orders",
      { source: { persistentVolumeClaims: [{ name: "data" }] } },
      "filerecovery.dev/v1alpha1",
    ),
  )

beforeAll(async () => {
  cluster = await openCluster()
  await installChart(cluster)
  await shop.makeNamespace(cluster, namespace)
  await makeDisk(cluster, namespace, "data", "mkfs.ext4 -q /dev/disk")
  await takeSnapshots(cluster, namespace, [{ claim: "data", name: "data-1" }])
  restorer = await makeRestorer(cluster, namespace)
})
afterEach(async () => {
  const kinds = "filerecoverysessions,resourcequotas,limitranges,networkpolicies"
  await cluster.kubectl(["delete", "frsess", "--all", "-n", namespace, "--timeout=90s"])
  await cluster.kubectl(["delete", kinds, "--all", "-n", namespace, "--timeout=30s"])
})
afterAll(async () => {
  restorer.forget()
  await shop.removeNamespaces(cluster, namespace)
})

describe("the operator", () => {
  test.each(obstacles)("%s: waits, and has made nothing", async (_, obstacle, reason, words) => {
    await place(obstacle)
    const before = await takeInventory(cluster)
    await apply()
    const found = await waitFor(
      `the session to say ${reason}`,
      async () => ((await accepted())?.reason === reason ? accepted() : undefined),
      { seconds: 30, describe: async () => JSON.stringify((await live())?.status) },
    )
    expect(found).toMatchObject({ status: "False", message: expect.stringMatching(words) as string })
    expect((await live())?.status?.phase).toBe("Pending")
    expect(added(before, await takeInventory(cluster))).toEqual([`FileRecoverySession ${namespace}/orders`])
  })

  test("a quota that is raised: it starts by itself", async () => {
    await place(quota({ pods: "1" }))
    await apply()
    await waitFor("it to wait", async () => (await accepted())?.reason === "QuotaExceeded", { seconds: 30 })
    await cluster.apply(quota({ pods: "2" }))
    const started = async () => ((await accepted())?.status === "True" ? live() : undefined)
    const session = await waitFor("it to start", started, { seconds: 60 })
    expect(session.status?.phase).toMatch(/^(Provisioning|Ready)$/)
  })

  test("a NetworkPolicy that opens the pods: it starts, and warns of it once", async () => {
    await place(openPolicy)
    await apply()
    const found = await waitFor(
      "it to start",
      async () => ((await accepted())?.status === "True" ? accepted() : false),
      { seconds: 30 },
    )
    expect(found).toMatchObject({
      reason: "NetworkOpened",
      message: expect.stringContaining("NetworkPolicy allow-all") as string,
    })
    const pods = async () => (await cluster.kubectl(["get", "pods", "-n", namespace, "-o", "name"])).stdout.split("\n")
    await waitFor("its pods", async () => (await pods()).filter((name) => name.includes("frsess-")).length === 2, {
      seconds: 60,
    })
    expect(await accepted()).toEqual(found)
    const events = ["get", "events.events.k8s.io", "-n", namespace, "-o", "json"]
    const { items } = JSON.parse((await cluster.kubectl(events)).stdout) as {
      items: { reason: string; type: string; series?: object }[]
    }
    const warned = items.filter(({ reason }) => reason === "NetworkOpened")
    expect(warned.map(({ type, series }) => [type, series])).toEqual([["Warning", undefined]])
  })
})

describe("somebody with the role edit and the right to read snapshots", () => {
  test("nothing in the way: what would be cloned, and nothing is made", async () => {
    const before = await takeInventory(cluster)
    const { code, stdout, stderr } = await dryRun()
    expect([code, stderr]).toEqual([0, ""])
    expect(stdout).toMatch(/^data +data-1 +\d{4}-\d\d-\d\dT\S+ +loop +(64Mi|67108864)$/m)
    expect(stdout.match(/^not checked: .*/gm)).toEqual([
      "not checked: StorageClass (no right to list storageclasses)",
      "not checked: VolumeSnapshotContent (no right to get volumesnapshotcontents)",
    ])
    expect(added(before, await takeInventory(cluster))).toEqual([])
  })

  test.each(obstacles)(
    "%s: the same words as the operator's, and nothing is made",
    async (_, obstacle, reason, words) => {
      await place(obstacle)
      const before = await takeInventory(cluster)
      const { code, stdout } = await dryRun("-o", "json")
      expect(code).toBe(5)
      const report = JSON.parse(stdout) as Report
      expect(report).toMatchObject({ wouldStart: false, problems: [{ reason, heals: true }] })
      expect(report.problems[0]?.message).toMatch(words)
      expect(added(before, await takeInventory(cluster))).toEqual([])
    },
  )

  test("a NetworkPolicy that opens the pods is a warning", async () => {
    await place(openPolicy)
    const { code, stdout } = await dryRun()
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^warning: NetworkPolicy allow-all also applies/m)])
  })

  test("the API server refuses what is not valid, and a namespace where they have no rights", async () => {
    expect((await dryRun("--recovery-point", "a", "--at", "2026-11-22T03:00:00Z")).code).toBe(2)
    const { code, stderr } = await dryRun("-n", "default")
    expect([code, stderr]).toEqual([5, expect.stringContaining("cannot create resource")])
  })
})

test("the administrator is told everything", async () => {
  const args = ["recover", "create", "orders", "--from", "pvc/data", "-n", namespace, "--dry-run=server", "-o", "json"]
  const report = JSON.parse((await cluster.kubectl(args)).stdout) as Report
  expect(report).toMatchObject({ wouldStart: true, problems: [], warnings: [], notChecked: [] })
  expect(report.notes.map(({ reason }) => reason)).toEqual(["GuestEmulated"])
})
