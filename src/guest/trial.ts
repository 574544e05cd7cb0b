import { RecoveryError } from "../api/reasons.ts"
import type { GuestDisk } from "./disks.ts"
import type { UnderWay } from "./history.ts"

export interface TrialOptions {
  readonly disks: readonly GuestDisk[]
  readonly underWay: UnderWay
  /** Serials of the disks that are tried. */
  readonly trial: readonly string[]
  readonly plug: (disk: GuestDisk) => Promise<void>
  /** Looks at what is plugged in. */
  readonly look: () => Promise<void>
}

/** A guest has looked at all disks that were on trial, and lives. It is of no other use: arrays were assembled too early. */
export class TrialOver extends RecoveryError {}

/**
 * Plugs in half of the disks, half of those that are left, and so on, and looks at them each time: if the guest ends, it was one
 * of the last ones, or they together with those before. Rejects in any case, with TrialOver when all were looked at.
 */
export async function tryDisks({ disks, underWay, trial, plug, look }: TrialOptions): Promise<never> {
  for (let left = trial; left.length > 0;) {
    const group = left.slice(0, Math.ceil(left.length / 2))
    const looked = underWay.begin({ kind: "look", disks: group })
    for (const disk of disks) if (group.includes(disk.serial)) await plug(disk)
    await look()
    looked()
    left = left.slice(group.length)
  }
  throw new TrialOver("GuestFailed", "The disks were looked at one after the other, and none ended the micro-VM.")
}
