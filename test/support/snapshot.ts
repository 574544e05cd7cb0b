import { type Cluster } from "./cluster.ts"
import { waitFor } from "./wait.ts"

interface Snapshot {
  status?: { readyToUse?: boolean }
}

/** Takes VolumeSnapshots of claims at one time, and waits until they can be used. */
export async function takeSnapshots(
  cluster: Cluster,
  namespace: string,
  wanted: readonly { claim: string; name: string }[],
  volumeSnapshotClassName = "loop",
): Promise<void> {
  await cluster.apply(
    ...wanted.map(({ claim, name }) => ({
      apiVersion: "snapshot.storage.k8s.io/v1",
      kind: "VolumeSnapshot",
      metadata: { name, namespace },
      spec: { volumeSnapshotClassName, source: { persistentVolumeClaimName: claim } },
    })),
  )
  for (const { name } of wanted) await waitForSnapshot(cluster, namespace, name)
}

/** Waits until a VolumeSnapshot can be used. */
export async function waitForSnapshot(cluster: Cluster, namespace: string, name: string): Promise<void> {
  const ready = async () => (await cluster.get<Snapshot>("volumesnapshot", name, namespace))?.status?.readyToUse
  await waitFor(`VolumeSnapshot ${name}`, ready, { seconds: 60 })
}
