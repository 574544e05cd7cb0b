import type { Blueprint } from "./blueprint.ts"
import type { Manifest } from "./manifest.ts"
import { metadata } from "./metadata.ts"

export interface CloneOptions {
  name: string
  storageClassName: string
  /** A quantity: the snapshot's restoreSize. */
  size: string
  /** The VolumeSnapshot in the same namespace. */
  snapshot: string
}

/**
 * The clone of one disk: a claim for a block device made from the snapshot. ReadWriteOnce because every driver can;
 * the pod mounts it read-only, and the node's device cgroup enforces that.
 */
export function claimManifest(
  blueprint: Blueprint,
  { name, storageClassName, size, snapshot }: CloneOptions,
): Manifest {
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: metadata(blueprint, name, "clone"),
    spec: {
      accessModes: ["ReadWriteOnce"],
      volumeMode: "Block",
      storageClassName,
      resources: { requests: { storage: size } },
      dataSource: { apiGroup: "snapshot.storage.k8s.io", kind: "VolumeSnapshot", name: snapshot },
    },
  }
}
