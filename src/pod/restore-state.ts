import type { NamedDisk } from "../block/device.ts"
import type { RestoreStatus } from "../control/schemas.ts"
import type { FileServices } from "../files/services.ts"
import { PublicKeys } from "../files/sftp/public-keys.ts"
import type { FileSource } from "../files/source.ts"
import type { Volume } from "../guest/catalogue.ts"
import { CurrentGuest } from "../guest/current-guest.ts"
import { type PastTheGuest, totalOf } from "../guest/past/past-the-guest.ts"
import { SideBySide } from "../guest/side-by-side.ts"
import type { Lifetime } from "./lifetime.ts"
import { terminationMessage } from "./termination.ts"

/** More are not told: the operator believes no longer message (control/client.ts). The file service lists all. */
const maxVolumes = 4096
const maxVolumesBytes = 3 * 1024 * 1024
const unused = { clients: 0, filesRead: 0, bytesRead: 0, lastActivityAt: null }

/** How far the restore pod's file service has come, as its status tells it and its clients feel it. */
export class RestoreState {
  disks: readonly NamedDisk[] = []
  /** What each guest's files are read with past it. */
  past: readonly PastTheGuest[] = []
  service: FileServices | undefined
  /** Whose owners SFTP lets in. */
  readonly publicKeys = new PublicKeys()
  /** One, or of several recovery points one each. */
  readonly guests: readonly CurrentGuest[]
  /** All of their files. */
  readonly source: FileSource
  #error: { readonly cause: unknown } | undefined

  /** `points`: when each of several recovery points was taken. */
  constructor(points: readonly string[] = []) {
    const only = new CurrentGuest()
    const sides = points.map((title) => ({ title, source: new CurrentGuest() }))
    this.guests = points.length === 0 ? [only] : sides.map(({ source }) => source)
    this.source = points.length === 0 ? only : new SideBySide(sides)
  }

  /** Every guest is there. */
  get mounted(): boolean {
    return this.guests.every(({ ready }) => ready)
  }

  failed(error: unknown): void {
    this.#error = { cause: error }
    for (const guest of this.guests) guest.left()
  }

  status(sessionUid: string, life: Lifetime): RestoreStatus {
    const { hostKey } = this.service?.sftp ?? {}
    return {
      role: "restore",
      sessionUid,
      state: this.#stateIn(life),
      now: new Date().toISOString(),
      deadline: life.deadline.toISOString(),
      disks: this.disks.map(({ name, serial, device }) => ({ name, serial, sizeBytes: device.sizeBytes })),
      volumes: told(this.source.catalogue().volumes),
      ...(this.guests.some(({ shortOfCpu }) => shortOfCpu) && { shortOfCpu: true }),
      usage: { ...(this.service?.usage() ?? unused), ...(this.past.length > 0 && { pastGuest: totalOf(this.past) }) },
      ...(hostKey !== undefined && { sftp: { hostKey, publicKeys: this.publicKeys.fingerprints } }),
      ...(this.#error && { error: terminationMessage(this.#error.cause) }),
    }
  }

  #stateIn(life: Lifetime): RestoreStatus["state"] {
    if (this.#error !== undefined) return "Failed"
    if (life.state !== "Running") return life.state
    if (this.mounted) return "Ready"
    return this.disks.length > 0 ? "Mounting" : "Starting"
  }
}

function told(volumes: readonly Volume[]): RestoreStatus["volumes"] {
  let bytes = 0
  return volumes
    .slice(0, maxVolumes)
    .filter((volume) => (bytes += Buffer.byteLength(JSON.stringify(volume))) <= maxVolumesBytes)
    .map((volume) => ({ ...volume, stack: [...volume.stack] }))
}
