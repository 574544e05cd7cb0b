import { RecoveryError } from "../api/reasons.ts"
import type { NamedDisk } from "../block/device.ts"
import type { RestoreStatus } from "../control/schemas.ts"
import type { FileServices } from "../files/services.ts"
import type { FileSource } from "../files/source.ts"
import type { Volume } from "../guest/catalogue.ts"
import type { Guest } from "../guest/guest.ts"
import type { Lifetime } from "./lifetime.ts"
import { terminationMessage } from "./termination.ts"

/** More are not told: the operator believes no longer message (control/client.ts). The file service lists all. */
const maxVolumes = 4096
const maxVolumesBytes = 3 * 1024 * 1024
const unused = { clients: 0, filesRead: 0, bytesRead: 0, lastActivityAt: null }

/** How far the restore pod's file service has come, as its status tells it and its clients feel it. */
export class RestoreState {
  disks: readonly NamedDisk[] = []
  service: FileServices | undefined
  #guest: Guest | undefined
  #ready = false
  #error: { readonly cause: unknown } | undefined

  /** The guest has come, or has come back. */
  mounted(guest: Guest): void {
    this.#guest = guest
    this.#ready = true
  }

  /** The guest is gone and another one is awaited. Its catalogue stays what is shown. */
  unmounted(): void {
    this.#ready = false
  }

  failed(error: unknown): void {
    this.#error = { cause: error }
    this.#ready = false
  }

  /** Files of whichever guest is there now. */
  get source(): FileSource {
    const ready = () => {
      if (this.#guest !== undefined && this.#ready) return this.#guest
      throw new RecoveryError("NotReady", "The volumes are being mounted again; try again in a minute.")
    }
    return {
      catalogue: () => this.#catalogue(),
      open: async (volume) => ready().open(volume),
      tar: (volume, paths, options) => ready().tar(volume, paths, options),
      search: (volume, path, wanted, options) => ready().search(volume, path, wanted, options),
    }
  }

  status(sessionUid: string, life: Lifetime): RestoreStatus {
    return {
      role: "restore",
      sessionUid,
      state: this.#stateIn(life),
      now: new Date().toISOString(),
      deadline: life.deadline.toISOString(),
      disks: this.disks.map(({ name, serial, device }) => ({ name, serial, sizeBytes: device.sizeBytes })),
      volumes: told(this.#catalogue().volumes),
      usage: this.service?.usage() ?? unused,
      ...(this.#error && { error: terminationMessage(this.#error.cause) }),
    }
  }

  #stateIn(life: Lifetime): RestoreStatus["state"] {
    if (this.#error !== undefined) return "Failed"
    if (life.state !== "Running") return life.state
    if (this.#ready) return "Ready"
    return this.disks.length > 0 ? "Mounting" : "Starting"
  }

  #catalogue() {
    return this.#guest?.catalogue() ?? { disks: [], volumes: [] }
  }
}

function told(volumes: readonly Volume[]): RestoreStatus["volumes"] {
  let bytes = 0
  return volumes
    .slice(0, maxVolumes)
    .filter((volume) => (bytes += Buffer.byteLength(JSON.stringify(volume))) <= maxVolumesBytes)
    .map((volume) => ({ ...volume, stack: [...volume.stack] }))
}
