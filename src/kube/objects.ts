import type {
  V1ConfigMap,
  V1CSINode,
  V1Lease,
  V1NetworkPolicy,
  V1Node,
  V1PersistentVolume,
  V1PersistentVolumeClaim,
  V1Pod,
  V1ResourceQuota,
  V1Secret,
  V1Service,
  V1StorageClass,
  V1ValidatingAdmissionPolicy,
  V1ValidatingAdmissionPolicyBinding,
} from "@kubernetes/client-node"

/**
 * A type of @kubernetes/client-node as it is on the wire. Our client hands out the JSON it read, untouched: times are
 * strings (RFC 3339), and names the generator had to escape (`_from`, `_default`) have their real spelling.
 */
export type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [K in keyof T as K extends `_${infer Name}` ? Name : K]: Wire<T[K]> }
      : T

export type Pod = Wire<V1Pod>
export type PersistentVolumeClaim = Wire<V1PersistentVolumeClaim>
export type PersistentVolume = Wire<V1PersistentVolume>
export type ConfigMap = Wire<V1ConfigMap>
export type ResourceQuota = Wire<V1ResourceQuota>
export type Node = Wire<V1Node>
export type CSINode = Wire<V1CSINode>
export type Secret = Wire<V1Secret>
export type Service = Wire<V1Service>
export type NetworkPolicy = Wire<V1NetworkPolicy>
export type StorageClass = Wire<V1StorageClass>
export type Lease = Wire<V1Lease>
export type ValidatingAdmissionPolicy = Wire<V1ValidatingAdmissionPolicy>
export type ValidatingAdmissionPolicyBinding = Wire<V1ValidatingAdmissionPolicyBinding>

/** The part every object has, as loosely as any source of types spells it. */
export interface KubeObject {
  apiVersion?: string | undefined
  kind?: string | undefined
  metadata?:
    | {
        name?: string | undefined
        namespace?: string | undefined
        uid?: string | undefined
        resourceVersion?: string | undefined
        labels?: Record<string, string> | undefined
      }
    | undefined
}

/** VolumeSnapshot (snapshot.storage.k8s.io/v1), as far as it is read. */
export interface VolumeSnapshot extends KubeObject {
  metadata?: KubeObject["metadata"] & { deletionTimestamp?: string }
  spec?: { source?: { persistentVolumeClaimName?: string; volumeSnapshotContentName?: string } }
  status?: {
    readyToUse?: boolean
    creationTime?: string
    restoreSize?: string
    boundVolumeSnapshotContentName?: string
    error?: { message?: string }
  }
}

/** VolumeSnapshotContent (snapshot.storage.k8s.io/v1), as far as it is read. */
export interface VolumeSnapshotContent extends KubeObject {
  metadata?: KubeObject["metadata"] & { deletionTimestamp?: string; annotations?: Record<string, string> }
  spec?: {
    driver?: string
    deletionPolicy?: string
    sourceVolumeMode?: string
    volumeSnapshotRef?: { namespace?: string; name?: string; uid?: string }
  }
  status?: { restoreSize?: number; snapshotHandle?: string; error?: { message?: string } }
}
