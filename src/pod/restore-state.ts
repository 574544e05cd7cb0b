import type { NamedDisk } from "../block/device.ts"
import type { RestoreStatus } from "../control/schemas.ts"
import type { FileServices } from "../files/services.ts"
import type { Volume } from "../guest/catalogue.ts"
import { CurrentGuest } from "../guest/current-guest.ts"
import type { PastTheGuest } from "../guest/past/past-the-guest.ts"
import type { Lifetime } from "./lifetime.ts"
import { terminationMessage } from "./termination.ts"

/** More are not told: the operator believes no longer message (control/client.ts). The file service lists all. */
const maxVolumes = 4096
const maxVolumesBytes = 3 * 1024 * 1024
const unused = { clients: 0, filesRead: 0, bytesRead: 0, lastActivityAt: null }

/** How far the restore pod's file service has come, as its status tells it and its clients feel it. */
export class RestoreState {
  disks: readonly NamedDisk[] = []
  past: PastTheGuest | undefined
  service: FileServices | undefined
  readonly guest = new CurrentGuest()
  #error: { readonly cause: unknown } | undefined

  failed(error: unknown): void {
    this.#error = { cause: error }
    this.guest.left()
  }

  status(sessionUid: string, life: Lifetime): RestoreStatus {
    return {
      role: "restore",
      sessionUid,
      state: this.#stateIn(life),
      now: new Date().toISOString(),
      deadline: life.deadline.toISOString(),
      disks: this.disks.map(({ name, serial, device }) => ({ name, serial, sizeBytes: device.sizeBytes })),
      volumes: told(this.guest.catalogue().volumes),
      usage: { ...(this.service?.usage() ?? unused), ...(this.past && { pastGuest: this.past.counts }) },
      ...(this.#error && { error: terminationMessage(this.#error.cause) }),
    }
  }

  #stateIn(life: Lifetime): RestoreStatus["state"] {
    if (this.#error !== undefined) return "Failed"
    if (life.state !== "Running") return life.state
    if (this.guest.ready) return "Ready"
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
