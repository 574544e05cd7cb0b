import type { CopyStatus } from "../../api/copy-status.ts"

/** What is to be done about a copy now. `performCopy` carries it out in the order of the fields. */
export interface CopyPlan {
  /** The whole status to be written. It names a pod before that is made. */
  status: CopyStatus
  /** Make the session that the copy reads from. */
  createSession?: true
  /** Make this pod, after the NetworkPolicies that keep others from where it may go. */
  createPod?: string
  remove: { kind: "Pod" | "NetworkPolicy"; name: string; uid: string }[]
  /** End the session: one of the copy's own is deleted, another one's unmounted. */
  closeSession?: { how: "delete" | "unmount"; name: string; uid: string }
  /** Delete the copy itself: its ttlAfterFinished has passed. */
  deleteCopy?: true
  /** Milliseconds until somebody should look again even if nothing changes; absent: no need. */
  requeueAfterMs?: number
}
