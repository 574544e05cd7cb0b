import { afterAll, afterEach, beforeAll, expect, test } from "vitest"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { flipByte } from "../support/flip-byte.ts"
import { installChart } from "../support/install.ts"
import { type Inventory, takeInventory } from "../support/inventory.ts"
import type { LiveSession } from "../support/live-session.ts"
import { nothingLeft, sessionObjects } from "../support/nothing-left.ts"
import { run } from "../support/run.ts"
import * as shop from "../support/shop.ts"
import { makeDisk } from "../support/small-disk.ts"
import { takeSnapshots } from "../support/snapshot.ts"
import { waitFor } from "../support/wait.ts"

/** spec.verifySource on the real cluster: hashes of the clone, before and after, by the target pod. */
const namespace = "e2e-verify"
const name = "orders"
let cluster: Cluster
let before: Inventory

const recover = (...args: string[]) =>
  run("kubectl-recover", [...args, "-n", namespace], { env: cluster.env, accept: [0, 1] })
const get = async () => (await cluster.get<LiveSession>("frsess", name, namespace))?.status
const targetPods = async () => {
  const selector = "filerecovery.dev/role=target"
  return (await cluster.kubectl(["get", "pods", "-n", namespace, "-l", selector, "-o", "json"])).stdout
}

/** A session whose files can be read; the hash of its clone, by the driver's file, is what the target found. */
async function ready(): Promise<void> {
  const { code, stderr } = await recover("create", name, "--from", "pvc/data", "--verify-source", "--wait")
  expect([code, stderr]).toEqual([0, expect.stringContaining("Ready")])
  const [clone] = [...(await shop.cloneHashes(cluster, namespace)).values()]
  expect((await get())?.disks).toMatchObject([{ name: "data", sha256Before: clone }])
}

beforeAll(async () => {
  cluster = await openCluster()
  await installChart(cluster)
  await shop.makeNamespace(cluster, namespace)
  await makeDisk(
    cluster,
    namespace,
    "data",
    "mkdir /tmp/d && echo kept >/tmp/d/kept && mkfs.ext4 -q -d /tmp/d /dev/disk",
  )
  await takeSnapshots(cluster, namespace, [{ claim: "data", name: "nightly" }])
  before = await takeInventory(cluster)
})

afterEach(async () => {
  await cluster.kubectl(["delete", "frsess", "--all", "-n", namespace, "--timeout=90s"])
})

afterAll(async () => {
  await shop.removeNamespaces(cluster, namespace)
})

test("a clone that nobody wrote to is proven unchanged", async () => {
  await ready()
  const { code, stdout } = await recover("unmount", name)
  expect([code, stdout]).toEqual([0, expect.stringContaining("0 writes refused, source verified")])
  const status = await get()
  const [disk] = status?.disks ?? []
  expect(status).toMatchObject({ phase: "Unmounted", release: { sourceVerified: true, writeAttempts: 0 } })
  expect(disk?.sha256After).toBe(disk?.sha256Before)
  await cluster.kubectl(["wait", "--for=condition=SourceVerified", `frsess/${name}`, "-n", namespace, "--timeout=5s"])
  await nothingLeft(cluster, before, sessionObjects)
})

test("a byte that is changed beneath the clone is found, and the session says so and is gone all the same", async () => {
  await ready()
  const [file] = [...(await shop.cloneFiles(cluster, namespace)).values()]
  await flipByte(file ?? "", 50 * 2 ** 20)
  const { code, stdout, stderr } = await recover("unmount", name)
  expect([code, stdout]).toEqual([1, expect.stringContaining("source NOT verified")])
  expect(stderr).toContain("Disk data (PersistentVolume pvc-")
  const status = await get()
  expect(status).toMatchObject({ phase: "Failed", release: { reason: "UnmountRequested", sourceVerified: false } })
  expect(status?.conditions).toContainEqual(expect.objectContaining({ type: "Stalled", reason: "SourceChanged" }))
  const { stdout: events } = await cluster.kubectl(["get", "events", "-n", namespace])
  expect(events).toMatch(/Warning +SourceChanged +filerecoverysession\/orders +Disk data/)
  await nothingLeft(cluster, before, sessionObjects)
})

test("a target pod that is replaced doesn't hash before it serves; the first one's hashes count", async () => {
  await ready()
  expect(await targetPods()).toContain("before-and-after")
  await cluster.kubectl(["delete", "pod", "-n", namespace, "-l", "filerecovery.dev/role=target", "--wait=false"])
  const isReadyAgain = async () => {
    const isReady = (await get())?.conditions?.some(({ type, status }) => type === "Ready" && status === "True")
    const pods = await targetPods()
    return isReady === true && /target-1"/.test(pods) && !/target-0"/.test(pods)
  }
  await waitFor("the next target pod", isReadyAgain, { seconds: 120, describe: targetPods })
  expect(await targetPods()).not.toContain("before-and-after")
  expect((await recover("unmount", name)).code).toBe(0)
  expect((await get())?.release?.sourceVerified).toBe(true)
  await nothingLeft(cluster, before, sessionObjects)
})
