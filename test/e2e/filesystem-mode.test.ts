import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { isDeepStrictEqual } from "node:util"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { filesystemClaim, inPod } from "../support/filesystem-claim.ts"
import { hashFile } from "../support/hashes.ts"
import { installChart } from "../support/install.ts"
import { type Inventory, takeInventory } from "../support/inventory.ts"
import { waitForPhase } from "../support/live-session.ts"
import { nothingLeft, sessionObjects } from "../support/nothing-left.ts"
import { run } from "../support/run.ts"
import * as shop from "../support/shop.ts"
import { takeSnapshots } from "../support/snapshot.ts"
import { waitFor } from "../support/wait.ts"

/** A claim with volumeMode Filesystem: its snapshot is cloned as Block through a content of the session's own. */
const namespace = "e2e-filesystem"
const file = "orders/2026-11.db"
let cluster: Cluster
let written: string
let live: string
let source: Map<string, string>
let users: unknown
let before: Inventory
let folder: string

interface Content {
  metadata: {
    name: string
    uid: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    deletionTimestamp?: string
  }
  spec: { deletionPolicy: string; source: object; sourceVolumeMode?: string; volumeSnapshotRef: object }
  status?: { snapshotHandle?: string; boundVolumeSnapshotContentName?: string }
}

const session = (name: string, where = namespace) => ({
  apiVersion: "filerecovery.dev/v1alpha1",
  kind: "FileRecoverySession",
  metadata: { name, namespace: where },
  spec: { source: { persistentVolumeClaims: [{ name: "files" }] } },
})
const recover = (...args: string[]) => run("kubectl-recover", [...args, "-n", namespace], { env: cluster.env })
const remove = (name: string) => cluster.kubectl(["delete", "frsess", name, "-n", namespace, "--timeout=120s"])

async function contents(selector: string): Promise<Content[]> {
  const { stdout } = await cluster.kubectl(["get", "volumesnapshotcontents", "-l", selector, "-o", "json"])
  return (JSON.parse(stdout) as { items: Content[] }).items
}
const temporary = () => contents("filerecovery.dev/session-uid")

/** What the user's snapshot and content say. Finalizers come and go with every claim that is made of them. */
async function usersObjects(): Promise<unknown[]> {
  const snapshot = await cluster.get<Content>("volumesnapshot", "nightly", namespace)
  const content = await cluster.get<Content>(
    "volumesnapshotcontent",
    snapshot?.status?.boundVolumeSnapshotContentName ?? "",
  )
  return [snapshot, content].map((one) => {
    const { uid, labels, annotations, deletionTimestamp } = one?.metadata ?? {}
    return { uid, labels, annotations, deletionTimestamp, spec: one?.spec, status: one?.status }
  })
}

/** Waits until nothing of any session is left, and says what of the user's is not as it was. */
async function touched(): Promise<string[]> {
  await nothingLeft(cluster, before, sessionObjects)
  const left = (await temporary()).map(({ metadata }) => metadata.name)
  const objects = isDeepStrictEqual(await usersObjects(), users) ? [] : ["the user's objects"]
  const bytes = isDeepStrictEqual(await shop.snapshotHashes(cluster, namespace), source) ? [] : ["the snapshot's bytes"]
  return [...left, ...objects, ...bytes]
}

/** sha256 of the file, by a pod that mounts a new clone of the snapshot as people do. */
async function hashOfNewClone(where: string, snapshot: string): Promise<string> {
  await cluster.apply(filesystemClaim(where, "again", snapshot))
  const log = await inPod(cluster, where, "again", `sha256sum ${file}`)
  await cluster.kubectl(["delete", "pvc", "again", "-n", where])
  return log.slice(0, 64)
}

const write = `mkdir -p orders && head -c 20000000 /dev/urandom >${file} && echo kept >kept && sync && sha256sum ${file}`

beforeAll(async () => {
  cluster = await openCluster()
  await installChart(cluster)
  await shop.makeNamespace(cluster, namespace)
  await cluster.apply(filesystemClaim(namespace, "files"))
  written = (await inPod(cluster, namespace, "files", write)).slice(0, 64)
  await takeSnapshots(cluster, namespace, [{ claim: "files", name: "nightly" }])
  live = await inPod(cluster, namespace, "files", "rm -r orders && sync && find . -type f")
  source = await shop.snapshotHashes(cluster, namespace)
  users = await usersObjects()
  folder = await mkdtemp(join(tmpdir(), "recovered-"))
  before = await takeInventory(cluster)
})

afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await shop.removeNamespaces(cluster, namespace)
})

test("a session over a Filesystem claim: the file comes back, and the snapshot is as it was", async () => {
  expect(live.trim()).toBe("./kept")
  await cluster.apply(session("orders"))
  const { status, metadata } = await waitForPhase(cluster, { namespace, name: "orders" }, "Ready")
  expect(status?.volumes).toMatchObject([{ path: "files", filesystem: "ext4", state: "Mounted" }])

  const [content, ...others] = await temporary()
  expect(others).toEqual([])
  expect(content?.metadata.labels).toMatchObject({
    "filerecovery.dev/session-uid": metadata.uid,
    "velero.io/exclude-from-backup": "true",
  })
  expect(content?.spec).toMatchObject({ deletionPolicy: "Retain", sourceVolumeMode: "Filesystem" })
  const { name, uid } = content?.metadata ?? {}
  expect(status).toMatchObject({ clones: [{ snapshot: name, content: { name, uid } }] })

  await recover("cp", `orders:/files/${file}`, folder)
  expect(await hashFile(join(folder, "2026-11.db"))).toBe(written)
  await recover("unmount", "orders")
  const over = await waitForPhase(cluster, { namespace, name: "orders" }, "Unmounted")
  expect(over.status?.release).toMatchObject({ initiatorsAtRelease: 0, writeAttempts: 0 })
  expect(await touched()).toEqual([])
  expect(await hashOfNewClone(namespace, "nightly")).toBe(written)
  await remove("orders")
  expect(await touched()).toEqual([])
})

describe("while a session lives", () => {
  beforeAll(async () => {
    await cluster.apply(session("watched"))
    await waitForPhase(cluster, { namespace, name: "watched" }, "Ready")
  })

  test("nobody takes Retain from its content", async () => {
    const [content] = await temporary()
    const patch = JSON.stringify({ spec: { deletionPolicy: "Delete" } })
    const args = ["patch", "volumesnapshotcontent", content?.metadata.name ?? "", "--type=merge", "-p", patch]
    const { code, stderr } = await cluster.kubectl(args, { accept: undefined })
    expect([code, stderr]).toEqual([1, expect.stringContaining("belongs to a recovery session") as string])
  })

  test("nobody clones its snapshot, nor recovers from it", async () => {
    const [content] = await temporary()
    const name = content?.metadata.name ?? ""
    await expect(cluster.apply(filesystemClaim(namespace, "copy", name))).rejects.toThrow(/belongs|recovery session/)
    const spec = { source: { volumeSnapshots: [{ name }] } }
    await cluster.apply({ ...session("again"), spec })
    const said = async () => {
      const one = await cluster.get<{ status?: { conditions?: { reason: string }[] } }>("frsess", "again", namespace)
      return one?.status?.conditions?.[0]?.reason
    }
    expect(await waitFor("a condition", said, { seconds: 30 })).toBe("SnapshotNotFound")
    await remove("again")
  })

  test("its snapshot deleted by hand: files can still be read, and all ends well", async () => {
    const [content] = await temporary()
    await cluster.kubectl(["delete", "volumesnapshot", content?.metadata.name ?? "", "-n", namespace, "--timeout=60s"])
    await recover("ls", "watched:/files/orders")
    await remove("watched")
    expect(await touched()).toEqual([])
  })
})

describe("deleted in the middle", () => {
  const exists = (kind: string) => async () => {
    const selector = "filerecovery.dev/session-uid"
    const args = ["get", kind, "-A", "-l", selector, "-o", "name"]
    return (await cluster.kubectl(args)).stdout.includes("frsess-middle")
  }
  test.each(["filerecoveryattachments", "volumesnapshotcontents", "volumesnapshots", "pvc"])(
    "as soon as there are %s",
    async (kind) => {
      await cluster.apply(session("middle"))
      await waitFor(kind, exists(kind), { seconds: 30, everyMs: 20 })
      await remove("middle")
      expect(await touched()).toEqual([])
    },
  )

  test("without its finalizer: what is left is collected", async () => {
    await cluster.apply(session("middle"))
    await waitForPhase(cluster, { namespace, name: "middle" }, "Ready")
    await cluster.kubectl(["delete", "frsess", "middle", "-n", namespace, "--wait=false"])
    const patch = [
      "patch",
      "frsess",
      "middle",
      "-n",
      namespace,
      "--type=merge",
      "-p",
      '{"metadata":{"finalizers":null}}',
    ]
    await cluster.kubectl(patch, { accept: undefined })
    expect(await touched()).toEqual([])
  })
})

describe("the namespace is deleted", () => {
  const lost = "e2e-filesystem-lost"
  const retain = "e2e-filesystem-retain"
  const again = { name: "e2e-filesystem-again" }
  afterAll(async () => {
    await shop.removeNamespaces(cluster, lost)
    await cluster.kubectl([
      "delete",
      `volumesnapshotclass/${retain}`,
      `volumesnapshotcontent/${again.name}`,
      "--ignore-not-found",
    ])
  })

  test("a snapshot that its class retains is still there, and can be cloned", async () => {
    await shop.makeNamespace(cluster, lost)
    const api = "snapshot.storage.k8s.io/v1"
    const driver = "loop.csi.cluster.test"
    await cluster.apply(
      { apiVersion: api, kind: "VolumeSnapshotClass", metadata: { name: retain }, driver, deletionPolicy: "Retain" },
      filesystemClaim(lost, "files"),
    )
    const hash = (await inPod(cluster, lost, "files", write)).slice(0, 64)
    await takeSnapshots(cluster, lost, [{ claim: "files", name: "nightly" }], retain)
    await cluster.apply(session("orders", lost))
    await waitForPhase(cluster, { namespace: lost, name: "orders" }, "Ready")
    await cluster.kubectl(["delete", "namespace", lost, "--timeout=180s"])
    await waitFor("the temporary content to be gone", async () => (await temporary()).length === 0, { seconds: 60 })

    const [kept] = (await contents("")).filter(({ spec }) => JSON.stringify(spec.volumeSnapshotRef).includes(lost))
    const snapshotHandle = kept?.status?.snapshotHandle
    expect(snapshotHandle).toMatch(/^snap-/)
    const spec = { deletionPolicy: "Delete", driver, source: { snapshotHandle }, sourceVolumeMode: "Filesystem" }
    await cluster.apply(
      {
        apiVersion: api,
        kind: "VolumeSnapshotContent",
        metadata: again,
        spec: { ...spec, volumeSnapshotRef: { name: again.name, namespace } },
      },
      {
        apiVersion: api,
        kind: "VolumeSnapshot",
        metadata: { ...again, namespace },
        spec: { source: { volumeSnapshotContentName: again.name } },
      },
    )
    expect(await hashOfNewClone(namespace, again.name)).toBe(hash)
    await cluster.kubectl(["delete", "volumesnapshotcontent", kept?.metadata.name ?? ""])
    await cluster.kubectl(["delete", "volumesnapshot", again.name, "-n", namespace])
    await cluster.kubectl(["delete", "volumesnapshotclass", retain])
    expect(await touched()).toEqual([])
  })
})
