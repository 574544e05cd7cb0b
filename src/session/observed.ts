import type { SessionSpec } from "../api/spec.ts"
import type { DiskStatus, SessionStatus, UsageStatus, VolumeStatus } from "../api/status.ts"
import type { PodRole } from "../children/names.ts"
import type { ObservedPreflight } from "./preflight/observed.ts"

/** Milliseconds since 1970. */
export type Instant = number

/** Everything a decision about one session needs, as one plain value. `gather` reads it, tests write it down. */
export interface Observed {
  session: {
    namespace: string
    name: string
    uid: string
    generation: number
    createdAt: Instant
    deleting: boolean
    /** Our finalizer is on it. */
    finalizer: boolean
    /** A backup tool brought it back: by the restore of that name, if it left one. */
    restored?: { by?: string }
  }
  /** The spec with its defaults; undefined when it isn't valid, then `specProblem` says why. */
  spec: SessionSpec | undefined
  specProblem?: string
  /** What was written last; `{}` for a new session. */
  status: SessionStatus
  limits: { maxTtlMs: number; pendingTimeoutMs: number }
  /** How many sessions are in progress in the cluster, this one among them; absent: it doesn't matter. */
  inProgress?: number
  /** Where it stands while no place is free for it; absent: it may start, or it has. */
  queue?: ObservedQueue
  /** Admission policies or bindings that should be there and are not. */
  policiesMissing: string[]
  /** Read while recovery points are chosen or cloned. */
  sources: ObservedSources
  /** What it would meet; read before the start, when there is something to clone. */
  preflight?: ObservedPreflight
  attachment: { name: string; uid: string; deleting: boolean; createdAt: Instant } | undefined
  claims: ObservedClaim[]
  pods: ObservedPod[]
  /** Services and NetworkPolicies of the session that exist. */
  network: ObservedObject[]
  /** PersistentVolumes of the clones that still exist. */
  persistentVolumes: string[]
  /** What the status says was made so that volume modes can be converted, read just now; absent: not read. */
  conversions?: ObservedConversion[]
  /** The lists above were read from the API server itself just now, so what isn't in them is gone. */
  live: boolean
  target?: Answer<TargetReport>
  restore?: Answer<RestoreReport>
}

export interface ObservedQueue {
  /** The limit on sessions in progress that leaves no place. */
  limit: "namespace" | "cluster"
  /** Sessions that hold a place under it, and how many may. */
  held: number
  most: number
  /** From 1: its place among those that wait for this limit. */
  position: number
  waiting: number
}

export interface ObservedSources {
  snapshots: ObservedSnapshot[]
  storageClasses: ObservedStorageClass[]
  /** The claims snapshots were taken of, as far as they still exist. */
  claims: { name: string; storageClassName: string | undefined }[]
}

export interface ObservedSnapshot {
  name: string
  uid: string
  /** The claim it was taken of; absent for one made from an existing content. */
  claimName?: string
  ready: boolean
  deleting: boolean
  /** When it was taken, as the driver says (RFC 3339). */
  takenAt?: string
  /** A quantity; absent when the driver didn't say. */
  restoreSize?: string
  /** The driver's words when it failed. */
  error?: string
  /** The content it is bound to, or asks to be bound to. */
  contentName?: string
  /** The content of that name, if it exists. */
  content?: {
    driver: string
    /** What the content says it belongs to. */
    snapshot: { namespace: string; name: string; uid: string | undefined }
    sourceVolumeMode: string | undefined
    /** The driver's name of the snapshot; absent while it has none. */
    snapshotHandle?: string
    /** A quantity; absent when the driver didn't say. */
    restoreSize?: string
  }
}

export interface ObservedStorageClass {
  name: string
  provisioner: string
  reclaimPolicy: string
}

export interface ObservedObject {
  kind: "Service" | "NetworkPolicy"
  name: string
  uid: string
  deleting: boolean
  /** What a NetworkPolicy lets in, as it says, besides the operator to the control port. */
  rules?: readonly object[]
}

export interface ObservedClaim {
  name: string
  uid: string
  phase: "Pending" | "Bound" | "Lost"
  volumeName?: string
  deleting: boolean
  /** The newest warning about it, in the driver's words. */
  warning?: string
}

/** The temporary VolumeSnapshot and VolumeSnapshotContent a clone is made from, as far as they exist. */
export interface ObservedConversion {
  /** The clone it is for. */
  claim: string
  snapshot?: {
    name: string
    uid: string
    /** It carries this session's labels. */
    ours: boolean
    ready: boolean
    deleting: boolean
    /** The driver's words when it failed. */
    error?: string
  }
  content?: {
    name: string
    uid: string
    resourceVersion: string
    ours: boolean
    deleting: boolean
    /** deletionPolicy is Retain: with Delete its removal would erase the user's snapshot. */
    retained: boolean
    /** UID of the snapshot it is bound to. */
    snapshotUid?: string
    /** The driver's words when it failed. */
    error?: string
  }
}

export interface ObservedPod {
  name: string
  uid: string
  role: PodRole
  createdAt?: Instant
  ip?: string
  node?: string
  deleting: boolean
  /** When it must have ended, once it is being deleted: the kubelet has its grace period until then. */
  endsBy?: Instant
  /** Whether Kubernetes counts it as ready; ours are as long as their containers run and their node is heard of. */
  ready?: boolean
  phase: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown"
  containers: ObservedContainer[]
  /** The scheduler's words, while it finds no node. */
  unschedulable?: string
  /** Why the pod as a whole ended: Evicted, DeadlineExceeded, ... */
  reason?: string
  message?: string
  /** The newest warning about it, in the kubelet's words. */
  warning?: string
}

export interface ObservedContainer {
  name: string
  state: "waiting" | "running" | "terminated"
  /** Kubernetes' reason, or the code the container left when it ended. */
  reason?: string
  message?: string
  finishedAt?: Instant
}

/** A pod's control endpoint either answered or did not; no answer proves nothing. */
export type Answer<R> = { podName: string; report: R } | { podName: string; unreachable: string }

export interface TargetReport {
  /** Hashing: it serves nothing yet, and waits to be told to. */
  state: "Hashing" | "Serving" | "Releasing" | "Released"
  deadline: string
  disks: Omit<DiskStatus, "source">[]
  /** While it hashes its disks. */
  hashing?: { bytesDone: number; bytesTotal: number }
  /** Why it could not hash a disk after it was served. */
  problem?: { reason: string; message: string }
  initiators: number
  bytesServed: number
  writeAttempts: number
}

export interface RestoreReport {
  state: "Starting" | "Mounting" | "Ready" | "Releasing" | "Released" | "Failed"
  deadline: string
  volumes: VolumeStatus[]
  /** A micro-VM that is on its way takes longer, for want of CPU. */
  shortOfCpu?: boolean
  usage: Pick<UsageStatus, "clients" | "filesRead" | "lastActivityAt">
  /** When it serves SFTP: its host key, and the fingerprints of the public keys that it was told of. */
  sftp?: { hostKey: string; publicKeys: readonly string[] }
  error?: { reason: string; message: string }
}
