import { randomBytes } from "node:crypto"
import { RecoveryError } from "../api/reasons.ts"
import { assembleCatalogue } from "./assemble.ts"
import type { Catalogue, Volume } from "./catalogue.ts"
import { damagedNtfs } from "./damaged.ts"
import type { GuestDisk } from "./disks.ts"
import { inTime } from "./in-time.ts"
import { findDynamicDisks } from "./ldm/discover.ts"
import { judgeMountFailure, judgeFullOverlay } from "./judge.ts"
import type { GuestLog } from "./log.ts"
import { parseMount } from "./mount-answer.ts"
import type { Overlays } from "./overlays.ts"
import { diskEntry } from "./place.ts"
import { printable } from "./printable.ts"
import { parseProbe, type ProbeAnswer } from "./probe-answer.ts"
import type { SessionHost } from "./session.ts"
import { Systems, type SystemsOptions } from "./system/systems.ts"
import { runVerb } from "./verb.ts"
import { encodeWord } from "./words.ts"

/** Up to so many volumes are mounted at once when the guest starts; with more, each when it is opened. */
const eagerVolumes = 32
const maxProbeBytes = 16 << 20

export interface VolumesOptions {
  readonly host: SessionHost
  readonly disks: readonly GuestDisk[]
  readonly overlays: Pick<Overlays, "full">
  readonly log: GuestLog
  readonly read: SystemsOptions["read"]
  /** How long a probe or a mount may take. */
  readonly timeoutMs: number
}

/** What is on the disks, and what of it is mounted. */
export class Volumes {
  #catalogue: Catalogue = { disks: [], volumes: [] }
  /** By device: its mount under way or done. */
  readonly #mounts = new Map<string, Promise<Volume>>()
  readonly #options: VolumesOptions
  readonly #systems: Systems

  constructor(options: VolumesOptions) {
    this.#options = options
    this.#systems = new Systems({ ...options, timeoutMs: options.timeoutMs / 4 })
  }

  get catalogue(): Catalogue {
    return this.#catalogue
  }

  /** Looks at all disks, assembles what lies across them, and mounts all volumes unless there are many. */
  async discover(signal?: AbortSignal): Promise<void> {
    await this.#look(signal)
    const available = this.#catalogue.volumes.filter(({ state }) => state === "Available")
    if (available.length <= eagerVolumes)
      await Promise.all(available.map(({ path }) => this.mount(path).catch(() => undefined)))
    signal?.throwIfAborted()
    this.#catalogue = { ...this.#catalogue, volumes: this.#systems.placed(this.#catalogue.volumes) }
  }

  /** Makes the catalogue of what is on the disks now. */
  async #look(signal: AbortSignal | undefined): Promise<void> {
    const { host, disks, log } = this.#options
    let found = await this.#probe(signal)
    const dynamic = await this.#inTime(`The guest did not read the databases of dynamic disks`, signal, (signal) =>
      findDynamicDisks(host, found, signal),
    )
    if (dynamic.volumes.length > 0) found = await this.#probe(signal) // what is on those that were made
    log.debug({ log: printable(Buffer.from(found.log, "latin1"), 4000) }, "looked at the disks")
    this.#catalogue = assembleCatalogue(found, disks, dynamic)
    const { volumes } = this.#catalogue
    const damaged = await this.#inTime("The volumes were not looked at", signal, (signal) =>
      damagedNtfs(host, volumes, signal),
    )
    for (const [before, after] of damaged) this.#replace(before, after)
    this.#systems.probed(found, dynamic)
    for (const volume of this.#catalogue.volumes) {
      const mounted = await this.#mounts.get(volume.device)
      if (mounted !== undefined) this.#replace(volume, { ...mounted, path: volume.path, stack: volume.stack })
    }
  }

  /** What is on the devices that the guest has now. */
  async #probe(signal?: AbortSignal): Promise<ProbeAnswer> {
    const { host, disks } = this.#options
    const tag = randomBytes(16).toString("hex")
    const options = {
      maxBytes: maxProbeBytes,
      failed: (message: string) => new RecoveryError("GuestFailed", `The guest can't look at the disks: ${message}`),
    }
    const answer = await this.#inTime(`The guest did not find out what is on the disks`, signal, (signal) =>
      runVerb(host, "probe", [tag, String(disks.length)], { ...options, signal }),
    )
    return parseProbe(answer, tag)
  }

  /** Mounts a volume once; whoever asks again gets the same. Rejects with the reason when it can't be mounted. */
  async mount(path: string): Promise<Volume> {
    const volume = this.#find(path)
    if (volume.state === "Available" && !this.#mounts.has(volume.device))
      this.#mounts.set(volume.device, this.#mountNow(volume))
    const mounted = (await this.#mounts.get(volume.device)) ?? volume
    if (mounted.state === "Mounted") return mounted
    throw new RecoveryError(
      mounted.reason ?? "VolumeUnsupported",
      `Volume ${path} is not mounted: ${mounted.message ?? mounted.state}`,
    )
  }

  /** Opens an encrypted volume with a key and looks at the disks again. Rejects with VolumeLocked when the key is wrong. */
  async unlock(path: string, key: Buffer): Promise<void> {
    const volume = this.#find(path)
    if (volume.state !== "Locked") return
    const options = {
      input: encodeWord(key),
      failed: (message: string) =>
        new RecoveryError("VolumeLocked", `Volume ${path} can't be unlocked with this key: ${message}`),
    }
    await this.#inTime(`Volume ${path} was not unlocked`, undefined, (signal) =>
      runVerb(this.#options.host, "unlock", [volume.device], { ...options, signal }),
    )
    await this.discover()
  }

  async #mountNow(volume: Volume): Promise<Volume> {
    try {
      const mounted = this.#replace(volume, { ...volume, ...(await this.#attempt(volume)) })
      this.#catalogue = { ...this.#catalogue, volumes: this.#systems.placed(this.#catalogue.volumes) }
      return mounted
    } catch (error) {
      this.#mounts.delete(volume.device) // the guest failed, not the volume
      throw error
    }
  }

  /** What becomes of a volume by an attempt to mount it. */
  async #attempt(volume: Volume): Promise<Partial<Volume>> {
    const { path, device, filesystem = "", otherDevices = [] } = volume
    try {
      const failed = (message: string) => new MountFailure(message)
      const answer = await this.#inTime(`Volume ${path} was not mounted`, undefined, (signal) =>
        runVerb(this.#options.host, "mount", [device, filesystem, ...otherDevices], { failed, signal }),
      )
      const { mounted, system } = parseMount(answer)
      return { ...mounted, ...(system === undefined ? {} : await this.#systems.identify(volume, system)) }
    } catch (error) {
      if (!(error instanceof MountFailure)) throw error
      this.#options.log.info({ volume: path, message: error.message }, "volume can't be mounted")
      return (await this.#hasRoom(volume)) ? judgeMountFailure(error.message) : judgeFullOverlay(error.message)
    }
  }

  /** Whether all that was written to its disks while it was being mounted found a place. */
  async #hasRoom({ stack }: Volume): Promise<boolean> {
    const { disks, overlays } = this.#options
    const full = await overlays.full()
    return !disks.some(({ name }, index) => full.has(index) && stack.includes(diskEntry(name)))
  }

  #find(path: string): Volume {
    const volume = this.#catalogue.volumes.find((volume) => volume.path === path)
    if (volume !== undefined) return volume
    throw new RecoveryError(
      "PathNotFound",
      `There is no volume ${printable(Buffer.from(path))}; list the volumes first.`,
    )
  }

  #replace(before: Volume, after: Volume): Volume {
    const volumes = this.#catalogue.volumes.map((volume) => (volume.path === before.path ? after : volume))
    this.#catalogue = { ...this.#catalogue, volumes }
    return after
  }

  #inTime<T>(late: string, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return inTime(this.#options.timeoutMs, late, signal, work)
  }
}

/** The kernel's reason, escaped. */
class MountFailure extends Error {}
