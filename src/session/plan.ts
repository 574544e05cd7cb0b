import type { SessionStatus } from "../api/status.ts"
import type { PodRole } from "../children/names.ts"

/** What is to be done about a session now, as one plain value. `perform` carries it out, in the order of the fields. */
export interface Plan {
  /** `add` comes before anything is made, `remove` after everything is gone. */
  finalizer: "add" | "keep" | "remove"
  /** What must exist from now on; absent: nothing is made. */
  provision?: Provision
  /** The whole status to be written. */
  status: SessionStatus
  /** What to tell the pods. */
  control: ControlCall[]
  /** What to delete, each with the UID it must have. */
  remove: Removal[]
  /** Delete the session itself: nothing is left, and its ttlAfterFinished has passed. */
  deleteSession?: true
  /** Milliseconds until somebody should look again even if nothing changes; absent: no need. */
  requeueAfterMs?: number
}

/** Only what is missing is listed, so a session that runs costs nothing. */
export interface Provision {
  /** Without `uid` it is to be created, and its UID goes into the status before anything else is made. */
  attachment: { name: string; uid?: string }
  claims: { name: string; storageClassName: string; size: string; snapshot: string }[]
  /** Temporary VolumeSnapshotContents, each for the temporary VolumeSnapshot of the same name. */
  contents: { name: string; driver: string; snapshotHandle: string; sourceVolumeMode: string }[]
  /** Temporary VolumeSnapshots, each of the temporary content of the same name. */
  snapshots: { name: string }[]
  /** Make sure of Secrets, Services and NetworkPolicies. */
  surroundings: boolean
  pods: { role: PodRole; name: string }[]
}

export type ControlCall =
  /** `hash`: the target is to hash its disks again first, which may take hours. */
  | { role: PodRole; podName: string; do: "release"; reason: string; hash?: true }
  /** The hashes of the disks are in the status. */
  | { role: "target"; podName: string; do: "serve" }
  | { role: PodRole; podName: string; do: "deadline"; deadline: string }
  | { role: "restore"; podName: string; do: "publicKeys"; publicKeys: readonly string[] }

export interface Removal {
  kind:
    | "FileRecoveryAttachment"
    | "Pod"
    | "PersistentVolumeClaim"
    | "Service"
    | "NetworkPolicy"
    | "VolumeSnapshot"
    | "VolumeSnapshotContent"
  name: string
  uid: string
  /** Where what was read of the object must still hold. */
  resourceVersion?: string
  /** Of a pod: how long its containers get between the signal to end and their end; absent: what its manifest says. */
  graceSeconds?: number
}
