import type { Reason } from "../api/reasons.ts"
import type { VolumeState } from "../api/status.ts"

/** What becomes of journals that were not written back. */
export type Journal = "Replay" | "Skip"

/** A disk of the session. */
export interface Disk {
  readonly name: string
  readonly serial: string
  readonly sizeBytes: number
  /** Which recovery point it is of, from 1, where there are several. */
  readonly point?: number
}

/** Something on the disks that holds files, or could: a file system, or what stands in its place, with the reason. */
export interface Volume {
  /**
   * What it is called in paths: `data-orders-0` for a whole disk, `data-orders-0-p1` for its first partition, `vg0-data` for
   * a logical volume. Characters [A-Za-z0-9._-] only; equal names are numbered `~2`, `~3` in the order of the disks.
   */
  readonly path: string
  /** Which recovery point it is of, from 1, where there are several: then its path begins with it (side-by-side.ts). */
  readonly point?: number
  /** The guest's kernel name of it, for instance `dm-3`; empty for a logical volume that can't be activated. */
  readonly device: string
  /** Kernel names of the other devices that a Btrfs of several consists of. */
  readonly otherDevices?: readonly string[]
  readonly kind: "filesystem" | "swap" | "encrypted" | "lvm" | "raid" | "dynamic" | "member" | "partitions" | "unknown"
  readonly filesystem?: string
  readonly label?: string
  readonly uuid?: string
  readonly sizeBytes: number
  readonly usedBytes?: number
  /** The system that is installed on it, by its own words. */
  readonly system?: SystemName
  /** Where that system, or another one of these disks, mounted it: `/var/lib/orders`, `D:`. For information. */
  readonly mountPoint?: string
  /** What it lies on, from the disk up: `disk a`, `gpt partition 1`, `lvm vg0/data`. At most 64. */
  readonly stack: readonly string[]
  readonly state: VolumeState
  /** Set when it is mounted without a look at its journal: what only that holds is missing, or half of it is there. */
  readonly journal?: "Skipped"
  /** When it is not mounted: a code of the error table. */
  readonly reason?: Reason
  /** When it is not mounted: why, in words; for a corrupt file system the kernel's. When it is: what is to be known of it. */
  readonly message?: string
}

export interface SystemName {
  readonly os?: string
  readonly version?: string
  readonly hostName?: string
}

/** All text from the disks is escaped (printable.ts) and bounded. */
export interface Catalogue {
  readonly disks: readonly Disk[]
  readonly volumes: readonly Volume[]
}
