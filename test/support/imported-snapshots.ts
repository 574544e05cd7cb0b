import { randomBytes } from "node:crypto"
import { rename, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { type Cluster } from "./cluster.ts"
import { copyImage } from "./guest/images.ts"
import { waitForSnapshot } from "./snapshot.ts"

/**
 * Gives the test cluster's storage images as snapshots that it has had all along, and makes VolumeSnapshots of them, as an
 * administrator does with snapshots of a storage system (pre-provisioned VolumeSnapshotContents). They go with their namespace.
 */
export async function importSnapshots(
  cluster: Cluster,
  namespace: string,
  wanted: readonly { name: string; image: string }[],
): Promise<void> {
  const handles = await Promise.all(wanted.map(({ image }) => store(join(cluster.state, "csi"), image)))
  await cluster.apply(
    ...wanted.flatMap(({ name }, index) => {
      const handle = handles[index] ?? ""
      const content = `${namespace}-${name}-${handle}`
      return [contentManifest(content, { name, namespace }, handle), manifest(content, { name, namespace })]
    }),
  )
  for (const { name } of wanted) await waitForSnapshot(cluster, namespace, name)
}

/** The driver knows an object when its description is there (test/cluster/addons/csi-loop/store.go). Answers its handle. */
async function store(directory: string, image: string): Promise<string> {
  const id = `snap-${randomBytes(8).toString("hex")}`
  await copyImage(image, join(directory, `${id}.img`))
  const { size: Size } = await stat(image)
  const object = { ID: id, Kind: "snap", Name: id, Source: "imported", Size, Created: new Date().toISOString() }
  await writeFile(join(directory, `${id}.json.part`), JSON.stringify(object), { mode: 0o600 })
  await rename(join(directory, `${id}.json.part`), join(directory, `${id}.json`))
  return id
}

const apiVersion = "snapshot.storage.k8s.io/v1"

const contentManifest = (name: string, volumeSnapshotRef: object, snapshotHandle: string) => ({
  apiVersion,
  kind: "VolumeSnapshotContent",
  metadata: { name },
  spec: {
    deletionPolicy: "Delete",
    driver: "loop.csi.cluster.test",
    source: { snapshotHandle },
    sourceVolumeMode: "Block",
    volumeSnapshotRef,
  },
})

const manifest = (volumeSnapshotContentName: string, metadata: object) => ({
  apiVersion,
  kind: "VolumeSnapshot",
  metadata,
  spec: { volumeSnapshotClassName: "loop", source: { volumeSnapshotContentName } },
})
