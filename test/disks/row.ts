import type { Reason } from "../../src/api/reasons.ts"
import type { VolumeState } from "../../src/api/status.ts"
import type { FilesClient } from "../../src/client/files-client.ts"
import type { Journal } from "../../src/guest/catalogue.ts"
import type { UnlockKey } from "../../src/guest/unlock-key.ts"
import type { Volume } from "../../src/guest/catalogue.ts"
import type { Keeping } from "./keeping.ts"

/** A disk of a row: its name is the catalogue's name for it. */
export interface RowDisk {
  readonly name: string
  readonly sizeMiB: number
  /** Logical block size in bytes, for the tools that write on it. */
  readonly blockSize?: 4096
}

export interface Inspection {
  readonly compared: number
  readonly wrong: string[]
}

/** What the catalogue must say of one volume. What is left out here is not looked at, but `reason` and `filesystem`. */
export interface ExpectedVolume {
  /** Exact, or a pattern where a part of the name is random (UUIDs). */
  readonly path: string | RegExp
  readonly kind: string
  readonly filesystem?: string
  readonly state: VolumeState
  readonly reason?: Reason
  /** Words the message has. */
  readonly says?: RegExp
  readonly journal?: "Skipped"
  readonly label?: string
  readonly system?: Volume["system"]
  readonly mountPoint?: string
  readonly on?: readonly (string | RegExp)[]
  /** What the tree that `fill` put there has become by this file system; absent for a volume that isn't read. */
  readonly keeps?: Keeping
  /** Files beside the tree, and what they hold. */
  readonly also?: Readonly<Record<string, string | Buffer>>
  /** Links beside the tree, and where they lead. */
  readonly links?: Readonly<Record<string, string>>
  /** Extended attributes that some of what is there has to have, in hexadecimal. */
  readonly xattrs?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** What else is there beside the tree: paths, Latin-1. `lost+found` unless others are named. */
  readonly besides?: RegExp
  /** Looks at what is in it in another way than by comparing it with a tree: how many things, and what is wrong. */
  readonly inspect?: (client: FilesClient, volume: string, signal: AbortSignal) => Promise<Inspection>
  /** Directories of the volume with the tree: its root unless others are named. */
  readonly at?: readonly string[]
}

/** A set of disks as a machine leaves it, made by that machine's own tools, and what must be found on it. */
export interface Row {
  readonly group: string
  readonly name: string
  readonly disks: readonly RowDisk[]
  /** Fetches what `make` needs besides, if it isn't there. */
  readonly fetch?: () => Promise<void>
  /** Bash, run in the workshop as root: $d1, $d2... are the disks; workshop/tools has the functions. */
  readonly make: string
  /** Disks that the session does not get: lost ones. */
  readonly without?: readonly string[]
  /** Keys that the session gets. */
  readonly keys?: readonly UnlockKey[]
  /** What the session does with journals; `Replay` unless it is said. */
  readonly journal?: Journal
  /** Memory of the micro-VM, 512 MiB unless it is said. */
  readonly memoryMiB?: number
  /** All volumes that must be found, and no others. */
  readonly volumes: readonly ExpectedVolume[]
}

/** What the images of a row are called on disk. */
export const idOf = ({ group, name }: Row): string => `${group} ${name}`.replaceAll(/[^A-Za-z0-9]+/g, "-").toLowerCase()
