import type { Volume } from "../catalogue.ts"
import type { GuestClock } from "../cpu/guest-clock.ts"
import type { GuestVolumeReader } from "../guest.ts"
import { inTime } from "../in-time.ts"
import type { DynamicDisks } from "../ldm/discover.ts"
import type { GuestLog } from "../log.ts"
import type { ProbeAnswer } from "../probe-answer.ts"
import type { Mount, SystemFacts } from "./facts.ts"
import { identify, type SystemPlace } from "./identify.ts"
import { hintedLetters, type Marks, marksOf, mountPoints } from "./marks.ts"

export interface SystemsOptions {
  /** Reads what is mounted from a device. */
  readonly read: (device: string) => Promise<Pick<GuestVolumeReader, "read" | "release">>
  readonly clock: GuestClock
  /** How long it may take to look at one system, milliseconds of the guest's time. */
  readonly timeoutMs: number
  readonly log: GuestLog
}

/** The systems that are installed on the volumes, and what they mount where: for information, never for mounting. */
export class Systems {
  readonly #options: SystemsOptions
  #marks: Marks = new Map()
  #letters: readonly Mount[] = []
  /** By the device each lies on. */
  readonly #found = new Map<string, SystemFacts>()

  constructor(options: SystemsOptions) {
    this.#options = options
  }

  /** What is on the disks has been looked at. */
  probed(found: ProbeAnswer, dynamic: DynamicDisks): void {
    this.#marks = marksOf(found, dynamic)
    this.#letters = hintedLetters(dynamic)
  }

  /** Who it is that lies on a volume that is mounted. What can't be read says nothing. */
  async identify({ path, device }: Volume, place: SystemPlace): Promise<Pick<Volume, "system">> {
    const { log, clock, timeoutMs: ms, read } = this.#options
    try {
      const reader = await read(device)
      try {
        const late = "The system was not looked at"
        const facts = await inTime({ clock, ms, late, signal: undefined }, (signal) => identify(place, reader, signal))
        this.#found.set(device, facts)
        const { os, version, hostName } = facts
        const named = { ...(os && { os }), ...(version && { version }), ...(hostName && { hostName }) }
        return Object.keys(named).length === 0 ? {} : { system: named }
      } finally {
        reader.release()
      }
    } catch (error) {
      log.debug({ volume: path, error: String(error) }, "the system on the volume can't be told")
      return {}
    }
  }

  /** The volumes, with where the systems that are known so far mounted them. */
  placed(volumes: readonly Volume[]): readonly Volume[] {
    const mounts = [...[...this.#found.values()].flatMap(({ mounts }) => mounts), ...this.#letters]
    const places = mountPoints(volumes, this.#marks, mounts)
    return volumes.map((volume) => {
      const mountPoint = places.get(volume.path)
      return mountPoint === undefined ? volume : { ...volume, mountPoint }
    })
  }
}
