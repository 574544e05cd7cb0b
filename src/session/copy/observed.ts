import type { CopySpec } from "../../api/copy.ts"
import type { CopyStatus } from "../../api/copy-status.ts"
import type { Phase } from "../../api/status.ts"
import type { CopyRef } from "../../children/copy.ts"
import type { CopyResult } from "../../control/copy-result.ts"
import type { Instant, ObservedPod } from "../observed.ts"
import type { Verdict } from "../verdict.ts"

/** Everything a decision about one copy needs, as one plain value. All of it was read from the API server itself just now. */
export interface ObservedCopy {
  copy: CopyRef & {
    generation: number
    createdAt: Instant
    deleting: boolean
    /** A backup tool brought it back: by the restore of that name. */
    restored?: string
  }
  /** The spec with its defaults; undefined when it isn't valid, then `specProblem` says why. */
  spec: CopySpec | undefined
  specProblem?: string
  /** What was written last; `{}` for a new copy. */
  status: CopyStatus
  limits: { pendingTimeoutMs: number }
  /** Admission policies or bindings that should be there and are not. */
  policiesMissing: string[]
  /** The session that is copied from, if there is one of its name. */
  session?: ObservedSession
  /** The claim that is copied into, if it exists. */
  destination?: { volumeMode: string; deleting: boolean }
  /** Pods of this copy, whichever generation. */
  pods: ObservedCopyPod[]
  /** NetworkPolicies of this copy. */
  policies: { name: string; uid: string; deleting: boolean }[]
}

export interface ObservedSession {
  name: string
  uid: string
  phase: Phase
  deleting: boolean
  /** Made for this very copy. */
  isOwn: boolean
  /** Where it stands, in its own words. */
  words: string
  /** What its pods' address and owner are, once they are known. */
  files?: { host: string; attachment: { name: string; uid: string }; startedAt: Instant }
}

export interface ObservedCopyPod extends Omit<ObservedPod, "role"> {
  /** What it said at its end; absent while it runs, and of one that couldn't say anything. */
  result?: CopyResult
  /** What it waits for, in the scheduler's or kubelet's words. */
  waits?: Verdict
}
