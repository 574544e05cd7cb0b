import type { KubeReader } from "../kube/client.ts"
import { kinds } from "../kube/kinds.ts"
import type { PersistentVolumeClaim, StorageClass, VolumeSnapshotContent } from "../kube/objects.ts"
import type { ObservedSources } from "../session/observed.ts"
import { describedBy, listSnapshots, observedClaim, observedStorageClass } from "./sources.ts"

/** Every snapshot of a namespace that could be a recovery point, each with its content, and all claims and classes. */
export async function gatherPoints(kube: KubeReader, namespace: string): Promise<ObservedSources> {
  const [snapshots, contents, storageClasses, claims] = await Promise.all([
    listSnapshots(kube, namespace),
    kube.list<VolumeSnapshotContent>(kinds.VolumeSnapshotContent),
    kube.list<StorageClass>(kinds.StorageClass),
    kube.list<PersistentVolumeClaim>(kinds.PersistentVolumeClaim, { namespace }),
  ])
  const byName = new Map(contents.map((content) => [content.metadata?.name, content]))
  return {
    snapshots: snapshots.map((snapshot) => {
      const content = byName.get(snapshot.contentName)
      return content ? describedBy(content, snapshot) : snapshot
    }),
    storageClasses: storageClasses.map(observedStorageClass),
    claims: claims.map(observedClaim),
  }
}
