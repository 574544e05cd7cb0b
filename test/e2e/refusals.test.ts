import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { installChart } from "../support/install.ts"
import { added, type Inventory, takeInventory } from "../support/inventory.ts"
import type { LiveSession } from "../support/live-session.ts"
import { nothingLeft } from "../support/nothing-left.ts"
import * as shop from "../support/shop.ts"
import { makeDisk } from "../support/small-disk.ts"
import { takeSnapshots } from "../support/snapshot.ts"
import { waitFor } from "../support/wait.ts"

/** What a requester can get wrong, and disks that hold nothing or rubbish: a clear condition, and nothing is left. */
const namespace = "e2e-refusals"
const longAgo = "2001-01-01T00:00:00Z"
let cluster: Cluster
let before: Inventory

const session = (name: string, spec: object) => ({
  apiVersion: "filerecovery.dev/v1alpha1",
  kind: "FileRecoverySession",
  metadata: { name, namespace },
  spec,
})
const claims = (...names: string[]) => ({ source: { persistentVolumeClaims: names.map((name) => ({ name })) } })
const snapshots = (...names: string[]) => ({ source: { volumeSnapshots: names.map((name) => ({ name })) } })

type Condition = NonNullable<NonNullable<LiveSession["status"]>["conditions"]>[number]

/** Applies a session and waits until a condition has the reason, or the session is Ready. */
async function untilReason(name: string, spec: object, reason: string): Promise<{ phase?: string; found?: Condition }> {
  await cluster.apply(session(name, spec))
  let last: LiveSession | undefined
  return waitFor(
    `session ${name} to say ${reason}`,
    async () => {
      last = await cluster.get<LiveSession>("filerecoverysession", name, namespace)
      const { phase, conditions = [] } = last?.status ?? {}
      const found = conditions.find((one) => one.type === "Accepted" && one.reason === reason)
      return found && { ...(phase !== undefined && { phase }), found }
    },
    { seconds: 30, describe: () => JSON.stringify(last?.status) },
  )
}

async function remove(name: string): Promise<void> {
  await cluster.kubectl(["delete", "frsess", name, "-n", namespace, "--timeout=90s"])
}

// a test that fails must not make the next one find what it left
afterEach(async () => {
  await cluster.kubectl(["delete", "frsess", "--all", "-n", namespace, "--timeout=90s"])
})

beforeAll(async () => {
  cluster = await openCluster()
  await installChart(cluster)
  await shop.makeNamespace(cluster, namespace)
  await makeDisk(cluster, namespace, "empty", "true")
  await makeDisk(
    cluster,
    namespace,
    "corrupt",
    "mkfs.ext4 -q /dev/disk && dd if=/dev/urandom of=/dev/disk bs=64k seek=1 count=200 conv=notrunc",
  )
  await makeDisk(cluster, namespace, "gone", "mkfs.ext4 -q /dev/disk")
  await makeDisk(cluster, namespace, "never", "true")
  const claims = ["empty", "corrupt", "gone"]
  await takeSnapshots(
    cluster,
    namespace,
    claims.map((claim) => ({ claim, name: `${claim}-snap` })),
  )
  await cluster.kubectl(["delete", "pvc", "gone", "-n", namespace])
  await cluster.apply(...strangers())
  await forge("stolen", {
    boundVolumeSnapshotContentName: "e2e-refusals-foreign",
    readyToUse: true,
    restoreSize: "64Mi",
  })
  before = await takeInventory(cluster)
})

afterAll(async () => {
  const names = ["storageclass/e2e-retain", "volumesnapshotcontent/e2e-refusals-foreign"]
  await shop.removeNamespaces(cluster, namespace)
  await cluster.kubectl(["delete", ...names, "--ignore-not-found"])
})

describe("waits in Pending and says what is missing", () => {
  test.each([
    ["a snapshot that isn't there", snapshots("nowhere"), "SnapshotNotFound", /VolumeSnapshot nowhere/],
    ["a snapshot that isn't ready", snapshots("unready"), "SnapshotNotReady", /VolumeSnapshot unready/],
    ["a claim without snapshots", claims("never"), "NoRecoveryPoint", /never/],
    ["a claim that never was", claims("nobody"), "NoRecoveryPoint", /nobody/],
  ])("%s", async (_, spec, reason, words) => {
    const name = reason.toLowerCase()
    const { phase, found } = await untilReason(name, spec, reason)
    expect(phase).toBe("Pending")
    expect(found?.message).toMatch(words)
    await remove(name)
    await nothingLeft(cluster, before)
  })
})

describe("fails at once where waiting can't help", () => {
  test.each([
    [
      "a time before every recovery point",
      { ...claims("empty"), recoveryPoint: { notAfter: longAgo } },
      "NoRecoveryPointInTime",
      /empty/,
    ],
    ["a snapshot bound to a foreign content", snapshots("stolen"), "SnapshotNotBound", /e2e-refusals-foreign/],
    [
      "a StorageClass that retains",
      { source: { volumeSnapshots: [{ name: "empty-snap", storageClassName: "e2e-retain" }] } },
      "ReclaimPolicyRetain",
      /e2e-retain/,
    ],
    ["several StorageClasses, and the claim is gone", claims("gone"), "StorageClassAmbiguous", /loop.*loop-immediate/],
  ])("%s", async (_, spec, reason, words) => {
    const name = reason.toLowerCase()
    const { found } = await untilReason(name, spec, reason)
    expect(found?.message).toMatch(words)
    const ended = await waitFor(
      "the session to end",
      async () => {
        const one = await cluster.get<LiveSession>("filerecoverysession", name, namespace)
        return one?.status?.phase === "Failed" && one
      },
      { seconds: 30 },
    )
    expect(ended.status?.conditions).toContainEqual(
      expect.objectContaining({ type: "Stalled", status: "True", reason }),
    )
    await remove(name)
    await nothingLeft(cluster, before)
  })

  test("claims without a common recovery point", async () => {
    await makeDisk(cluster, namespace, "late", "true")
    await takeSnapshots(cluster, namespace, [{ claim: "late", name: "late-snap" }])
    await forge("late-snap", { creationTime: longAgo })
    before = await takeInventory(cluster)
    const { found } = await untilReason("apart", claims("empty", "late"), "NoCommonRecoveryPoint")
    expect(found?.message).toMatch(/empty|late/)
    await remove("apart")
    await nothingLeft(cluster, before)
  })

  test("a session that a backup tool brought back", async () => {
    const back = session("back", claims("empty"))
    await cluster.apply({ ...back, metadata: { ...back.metadata, labels: { "velero.io/restore-name": "monday" } } })
    const ended = await waitFor(
      "the session to end",
      async () => {
        const one = await cluster.get<LiveSession>("filerecoverysession", "back", namespace)
        return one?.status?.phase === "Failed" && one
      },
      { seconds: 30 },
    )
    const stalled = ended.status?.conditions?.find(({ type }) => type === "Stalled")
    expect([stalled?.reason, stalled?.message]).toEqual(["Restored", expect.stringMatching(/^Restore monday brought/)])
    expect(added(before, await takeInventory(cluster))).toEqual([`FileRecoverySession ${namespace}/back`])
    await remove("back")
  })

  test.each([
    ["two sources", { source: { ...claims("empty").source, ...snapshots("empty-snap").source } }, /exactly one of/],
    ["no source", { source: {} }, /exactly one of/],
    ["the same claim twice", claims("empty", "empty"), /only once/],
    ["thirteen hours", { ...claims("empty"), ttl: "13h" }, /ttl/],
  ])("refused by the API server: %s", async (_, spec, words) => {
    await expect(cluster.apply(session("wrong", spec))).rejects.toThrow(words)
  })
})

describe("disks that hold no file system", () => {
  test("an empty and a corrupt one: Ready, each says so, unmounts cleanly", async () => {
    await cluster.apply(session("rubbish", { source: claimsWith("loop", "empty", "corrupt") }))
    const ready = await waitFor(
      "the session to be ready",
      async () => {
        const one = await cluster.get<LiveSession>("filerecoverysession", "rubbish", namespace)
        if (one?.status?.phase === "Failed") throw new Error(JSON.stringify(one.status))
        return one?.status?.phase === "Ready" && one
      },
      { seconds: 120 },
    )
    expect(ready.status?.volumes?.map(({ path, state }) => [path, state])).toEqual([
      ["empty", "Unsupported"],
      ["corrupt", "Corrupt"],
    ])
    await remove("rubbish")
    await nothingLeft(cluster, before)
  })
})

const claimsWith = (storageClassName: string, ...names: string[]) => ({
  persistentVolumeClaims: names.map((name) => ({ name, storageClassName })),
})

/** A class that retains, a content of somebody else's snapshot, a snapshot that claims it, one whose claim isn't there. */
function strangers(): object[] {
  const api = "snapshot.storage.k8s.io/v1"
  const source = { driver: "loop.csi.cluster.test", source: { snapshotHandle: "snap-of-somebody" } }
  return [
    {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name: "e2e-retain" },
      provisioner: "loop.csi.cluster.test",
      reclaimPolicy: "Retain",
    },
    {
      apiVersion: api,
      kind: "VolumeSnapshotContent",
      metadata: { name: "e2e-refusals-foreign" },
      spec: { deletionPolicy: "Retain", volumeSnapshotRef: { name: "theirs", namespace: "kube-system" }, ...source },
    },
    {
      apiVersion: api,
      kind: "VolumeSnapshot",
      metadata: { name: "stolen", namespace },
      spec: { source: { volumeSnapshotContentName: "e2e-refusals-foreign" } },
    },
    {
      apiVersion: api,
      kind: "VolumeSnapshot",
      metadata: { name: "unready", namespace },
      spec: { volumeSnapshotClassName: "loop", source: { persistentVolumeClaimName: "not-there" } },
    },
  ]
}

/** Writes into a snapshot's status, as whoever may do that could. */
async function forge(name: string, status: object): Promise<void> {
  const patch = JSON.stringify({ status: { creationTime: new Date().toISOString(), ...status } })
  const args = ["patch", "volumesnapshot", name, "-n", namespace, "--subresource=status", "--type=merge", "-p", patch]
  await cluster.kubectl(args)
}
