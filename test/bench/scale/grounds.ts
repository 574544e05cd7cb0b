import { readFileSync, rmSync } from "node:fs"
import { kinds } from "../../../src/kube/kinds.ts"
import type { Kube } from "../../../src/kube/kube.ts"
import type { VolumeSnapshot, VolumeSnapshotContent } from "../../../src/kube/objects.ts"
import type { Cluster } from "../../support/cluster.ts"
import { waitFor } from "../../support/wait.ts"
import { progress } from "../progress.ts"

export const claim = "disk"
/** The snapshot of every namespace, and one that nothing can be made of: the driver has lost it. */
export const snapshot = "nightly"
export const lostSnapshot = "lost"

/** Where nothing succeeds. */
export const forlorn = "bench-forlorn"

const label = "bench.filerecovery.dev/ground"

/** Namespaces with a claim of 8 MiB and a snapshot of it each, and one more whose snapshot is lost. */
export async function makeGrounds(cluster: Cluster, { client }: Kube, count: number): Promise<Grounds> {
  const namespaces = Array.from({ length: count }, (_, index) => `bench-${index}`)
  await cluster.apply(...[...namespaces, forlorn].map(namespaceManifest))
  await cluster.apply(...[...namespaces, forlorn].map(claimManifest))
  await cluster.apply(
    ...namespaces.map((namespace) => snapshotManifest(namespace, snapshot)),
    snapshotManifest(forlorn, lostSnapshot),
  )
  const ready = async () => {
    const snapshots = await client.list<VolumeSnapshot>(kinds.VolumeSnapshot, { labelSelector: label })
    return snapshots.length > count && snapshots.every(({ status }) => status?.readyToUse === true)
  }
  await waitFor("all snapshots to be ready", ready, { seconds: 120, everyMs: 1000 })
  await lose(cluster, client, forlorn)
  progress(`${count} namespaces with a snapshot each`)
  return {
    namespaces,
    [Symbol.asyncDispose]: async () => {
      await freeSource(cluster)
      await cluster.kubectl(["delete", "namespace", "-l", label, "--timeout=300s"])
    },
  }
}

/** csi-provisioner never takes its finalizer off a snapshot that it could make no volume of. */
async function freeSource(cluster: Cluster): Promise<void> {
  type Finalized = { metadata: { finalizers?: string[] } }
  const found = await cluster.get<Finalized>("volumesnapshot", lostSnapshot, forlorn)
  const finalizers = found?.metadata.finalizers?.filter(
    (name) => !name.startsWith("provisioner.storage.kubernetes.io/"),
  )
  const change = JSON.stringify({ metadata: { finalizers } })
  await cluster.kubectl(["patch", "volumesnapshot", lostSnapshot, "-n", forlorn, "--type=merge", "-p", change])
}

export interface Grounds extends AsyncDisposable {
  readonly namespaces: readonly string[]
}

/** Takes the driver's record of the snapshot away: whatever is to be made of it fails from then on. */
async function lose(cluster: Cluster, client: Kube["client"], namespace: string): Promise<void> {
  const found = await client.get<VolumeSnapshot>(kinds.VolumeSnapshot, lostSnapshot, namespace)
  const name = found?.status?.boundVolumeSnapshotContentName ?? ""
  const content = await client.get<VolumeSnapshotContent>(kinds.VolumeSnapshotContent, name)
  const record = `${cluster.state}/csi/${content?.status?.snapshotHandle}.json`
  readFileSync(record) // there is one: else nothing would be lost
  rmSync(record)
}

const labels = { [label]: "" }

const namespaceManifest = (name: string) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name, labels: { ...labels, "pod-security.kubernetes.io/enforce": "restricted" } },
})

const claimManifest = (namespace: string) => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: claim, namespace },
  spec: {
    accessModes: ["ReadWriteOnce"],
    volumeMode: "Block",
    storageClassName: "loop-immediate", // without a pod that would consume it
    resources: { requests: { storage: "8Mi" } },
  },
})

const snapshotManifest = (namespace: string, name: string) => ({
  apiVersion: "snapshot.storage.k8s.io/v1",
  kind: "VolumeSnapshot",
  metadata: { name, namespace, labels },
  spec: { volumeSnapshotClassName: "loop", source: { persistentVolumeClaimName: claim } },
})
