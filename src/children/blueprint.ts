import type { AccessClient } from "../api/clients.ts"
import type { SessionSpec } from "../api/spec.ts"
import type { SessionRef } from "./names.ts"

/** Everything the manifests of one session are made from. The same blueprint gives the same manifests. */
export interface Blueprint {
  session: SessionRef
  /** The attachment that owns everything. */
  owner: { name: string; uid: string }
  installation: Installation
  /** In the order of their logical unit numbers. */
  disks: { name: string; claim: string; serial: string }[]
  /** Of several recovery points: when each was taken (RFC 3339). The disks are theirs, evenly, one point after the other. */
  points?: readonly string[]
  /** Keys of Secrets to try on what is encrypted; absent: none. */
  unlock?: readonly { name: string; key: string }[]
  /** Set when journals are to be left as they are. */
  journal?: "Skip"
  /** Who else may reach the file ports; absent or none: nobody. */
  clients?: readonly AccessClient[]
  /** When the target is to hash the disks; absent: never. */
  hashDisks?: "before-and-after" | "after"
  /** When the pods are to end by themselves (RFC 3339), unless they are told another time. */
  deadline: string
  /** When the kubelet ends them, whatever they do. */
  activeDeadlineSeconds: number
}

/** What the restore pod is told of the spec. */
export function wishesOf({
  unlock,
  journal,
}: Pick<SessionSpec, "unlock" | "journal">): Pick<Blueprint, "unlock" | "journal"> {
  return { ...(unlock && { unlock: unlock.map(({ secretRef }) => secretRef) }), ...(journal === "Skip" && { journal }) }
}

/** What the chart says of this installation; the operator's settings have all of it. */
export interface Installation {
  instance: string
  engineImage: string
  imagePullPolicy: string
  imagePullSecrets: readonly string[]
  operatorNamespace: string
  operatorLabels: Record<string, string>
  diskGroup: number
  kvmResource?: string | undefined
  guest: { memoryMiB: number; cpus: number; overlayMiB: number; unlockMiB: number }
  resources: { target: Resources; files: Resources; guest: Resources }
  nodeSelector: Record<string, string>
  tolerations: readonly object[]
  priorityClassName?: string | undefined
}

export interface Resources {
  requests?: Record<string, string> | undefined
  limits?: Record<string, string> | undefined
}
