import type { Reason } from "../../api/reasons.ts"
import type { PodRole } from "../../children/names.ts"
import type { LabelSelector } from "../label-selector.ts"

/**
 * What a session would meet, known before anything of it is made. `gather/` reads it, with the operator's rights or with
 * those of a user; of what could not be read it says so in `unread`, and nothing is concluded.
 */
export interface ObservedPreflight {
  clones: PlannedClone[]
  /** As the API server would make them, or as they were sent where it would not; none when they could not be tried. */
  pods: PlannedPod[]
  /** What the API server refused when it was only asked (`dryRun=All`). */
  refusals: TriedRefusal[]
  quotas: ObservedQuota[]
  networkPolicies: ObservedNetworkPolicy[]
  /** CSI drivers of the clones of which there is neither a CSIDriver nor a node that has it. */
  missingDrivers: string[]
  /** Absent: not known. */
  kvm?: ObservedKvm
  unread: Unread[]
}

export interface PlannedClone {
  disk: string
  /** Name of its claim. */
  claim: string
  /** The VolumeSnapshot its claim is made from: a temporary one where the volume mode is converted. */
  snapshot: string
  isConverted: boolean
  /** Absent: not known to somebody with few rights, nor is the driver. */
  storageClassName?: string
  driver?: string
  /** A quantity. */
  size: string
}

export interface PlannedPod {
  role: PodRole
  labels: Record<string, string>
  /** It ends by itself, which quotas with the scope Terminating are for. */
  hasDeadline: boolean
  priorityClassName?: string
  containers: PlannedContainer[]
  /** Of the runtime class, on top of the containers. */
  overhead: Quantities
}

export interface PlannedContainer {
  requests: Quantities
  limits: Quantities
  ports: { name: string; port: number }[]
}

export type Quantities = Record<string, string>

export interface TriedRefusal {
  about: "claim" | PodRole
  reason: Extract<Reason, "ClaimRefused" | "PodRefused" | "QuotaExceeded">
  /** The API server's words. */
  words: string
}

export interface ObservedQuota {
  name: string
  hard: Quantities
  used: Quantities
  /** It counts only pods that all of these hold for; none: it counts everything. */
  scopes: QuotaScope[]
}

export interface QuotaScope {
  name: string
  operator: string
  values: readonly string[]
}

/** A NetworkPolicy as far as it lets somebody in. */
export interface ObservedNetworkPolicy {
  name: string
  podSelector: LabelSelector
  /** Ports that each of its ingress rules opens; none named: all. */
  ingress: { ports: readonly OpenPort[] }[]
}

export interface OpenPort {
  protocol: string
  /** Number or name; absent: all of the protocol. */
  port?: number | string
  endPort?: number
}

export interface ObservedKvm {
  /** The extended resource the guest asks for; absent: it is emulated. */
  resource?: string
  /** A node that pods may be put on offers it; absent: not known. */
  isOffered?: boolean
}

export interface Unread {
  what: string
  why: string
}
