import { randomBytes } from "node:crypto"
import { RecoveryError } from "../api/reasons.ts"
import { anchorsOf } from "./anchors.ts"
import { assembleCatalogue } from "./assemble.ts"
import type { Verdict } from "./blame.ts"
import type { Catalogue, Journal, Volume } from "./catalogue.ts"
import { damagedNtfs } from "./damaged.ts"
import type { GuestDisk } from "./disks.ts"
import { inTime } from "./in-time.ts"
import { findDynamicDisks } from "./ldm/discover.ts"
import { judgeMountFailure, judgeFullOverlay } from "./judge.ts"
import { journaled } from "./known-formats.ts"
import { leaveOut, leftOut } from "./left-out.ts"
import type { GuestLog } from "./log.ts"
import { parseMount } from "./mount-answer.ts"
import type { Overlays } from "./overlays.ts"
import { diskEntry } from "./place.ts"
import { printable } from "./printable.ts"
import { parseProbe, type ProbeAnswer } from "./probe-answer.ts"
import type { SessionHost } from "./session.ts"
import { Systems, type SystemsOptions } from "./system/systems.ts"
import { isForWantOfCpu, TooLate } from "./too-late.ts"
import { UnlockFailure, type Unlocker } from "./unlocker.ts"
import { runVerb } from "./verb.ts"

/** Up to so many volumes are mounted at once when the guest starts; with more, each when it is opened. */
const eagerVolumes = 32
/** LVM on LUKS on RAID is usual; a disk that is encrypted inside of itself for ever is an attack. */
const maxLayers = 8
const maxProbeBytes = 16 << 20

export interface VolumesOptions {
  readonly host: SessionHost
  readonly disks: readonly GuestDisk[]
  /** Serials of those that the guest has. */
  readonly plugged: ReadonlySet<string>
  readonly overlays: Pick<Overlays, "full">
  readonly unlocker: Unlocker
  /** Whether file systems are mounted with their journal replayed, into the overlay, or as they lie there. */
  readonly journal: Journal
  readonly log: GuestLog
  readonly read: SystemsOptions["read"]
  /** How long a probe or a mount may take, milliseconds of the guest's time. */
  readonly timeoutMs: number
  /** What former guests say of these disks. */
  readonly verdict: Verdict
  /** Whether the disks' storage does not answer at the moment. */
  readonly starved: () => boolean
  /** Told of a volume, by its anchor, that is mounted without end. */
  readonly late: (volume: string, why: string) => void
}

/** What is on the disks, and what of it is mounted. */
export class Volumes {
  #catalogue: Catalogue = { disks: [], volumes: [] }
  /** By device: its mount under way or done. */
  readonly #mounts = new Map<string, Promise<Volume>>()
  readonly #options: VolumesOptions
  readonly #systems: Systems
  /** Suspects are mounted one after the other: this is the last one's turn. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: VolumesOptions) {
    this.#options = options
    this.#systems = new Systems({ ...options, clock: options.host.clock, timeoutMs: options.timeoutMs / 4 })
  }

  get catalogue(): Catalogue {
    return this.#catalogue
  }

  /**
   * Looks at all disks, assembles what lies across them, opens what is encrypted with the keys there are, also what appears
   * only then, and mounts all volumes unless there are many: after all that, as what is mounted can't be assembled better.
   */
  async discover(signal?: AbortSignal): Promise<void> {
    const { unlocker, host, verdict } = this.#options
    await this.look(signal)
    for (let layer = 1; layer <= maxLayers + verdict.suspects.size; layer++) {
      const opened = await this.#unlockMore(signal)
      if (opened.length === 0) break
      const looked = opened.map((volume) => host.underWay.begin({ kind: "unlock", volume: this.#anchor(volume) }))
      await this.look(signal)
      for (const end of looked) end()
    }
    const explained = this.#catalogue.volumes.map((volume) => unlocker.explain(volume))
    this.#catalogue = { ...this.#catalogue, volumes: explained }
    const available = explained.filter(({ state }) => state === "Available")
    if (available.length <= eagerVolumes)
      for (const group of this.#bySuspicion(available))
        await Promise.all(group.map(({ path }) => this.mount(path).catch(() => undefined)))
    signal?.throwIfAborted()
    // a mount that failed with the guest is nothing that the guest still knows of
    await host.control.ping()
    this.#catalogue = { ...this.#catalogue, volumes: this.#systems.placed(this.#catalogue.volumes) }
  }

  /** Opens what can be opened with the keys there are: what is under suspicion last, and one at a time. */
  async #unlockMore(signal: AbortSignal | undefined): Promise<readonly Volume[]> {
    const [clean, suspects] = this.#bySuspicion(this.#catalogue.volumes)
    for (const group of [clean, ...suspects.map((volume) => [volume])]) {
      const opened = await this.#options.unlocker.open(group, signal)
      if (opened.length > 0) return opened
    }
    return []
  }

  #bySuspicion(volumes: readonly Volume[]): [clean: readonly Volume[], suspects: readonly Volume[]] {
    const { suspects } = this.#options.verdict
    const isSuspect = (volume: Volume) => suspects.has(this.#anchor(volume))
    return [volumes.filter((volume) => !isSuspect(volume)), volumes.filter(isSuspect)]
  }

  #anchor({ device }: Volume): string {
    return this.#options.host.underWay.anchorOf(device)
  }

  /** Makes the catalogue of what is on the disks now. */
  async look(signal: AbortSignal | undefined): Promise<void> {
    const { host, disks, plugged, log, verdict } = this.#options
    const looked = host.underWay.begin({ kind: "look", disks: [...plugged] })
    let found = await this.#probe(signal)
    const dynamic = await this.#inTime(`The guest did not read the databases of dynamic disks`, signal, (signal) =>
      findDynamicDisks(host, found, signal),
    )
    if (dynamic.volumes.length > 0) found = await this.#probe(signal) // what is on those that were made
    log.debug({ log: printable(Buffer.from(found.log, "latin1"), 4000) }, "looked at the disks")
    host.underWay.anchorOf = anchorsOf(found, disks)
    const assembled = assembleCatalogue(found, disks, dynamic)
    this.#catalogue = leaveOut(assembled, disks, verdict, (volume) => this.#anchor(volume))
    const { volumes } = this.#catalogue
    const damaged = await this.#inTime("The volumes were not looked at", signal, (signal) =>
      damagedNtfs(host, volumes, signal),
    )
    for (const [before, after] of damaged) this.#replace(before, after)
    this.#systems.probed(found, dynamic)
    looked()
    for (const volume of this.#catalogue.volumes) {
      const mounted = await this.#mounts.get(volume.device)
      if (mounted !== undefined) this.#replace(volume, { ...mounted, path: volume.path, stack: volume.stack })
    }
  }

  /** What is on the devices that the guest has now. */
  async #probe(signal?: AbortSignal): Promise<ProbeAnswer> {
    const { host, plugged } = this.#options
    const tag = randomBytes(16).toString("hex")
    const options = {
      maxBytes: maxProbeBytes,
      failed: (message: string) => new RecoveryError("GuestFailed", `The guest can't look at the disks: ${message}`),
    }
    const answer = await this.#inTime(`The guest did not find out what is on the disks`, signal, (signal) =>
      runVerb(host, "probe", [tag, String(plugged.size)], { ...options, signal }),
    )
    return parseProbe(answer, tag)
  }

  /** Mounts a volume once; whoever asks again gets the same. Rejects with the reason when it can't be mounted. */
  async mount(path: string): Promise<Volume> {
    const volume = this.#find(path)
    if (volume.state === "Available" && !this.#mounts.has(volume.device))
      this.#mounts.set(
        volume.device,
        this.#inTurn(volume, () => this.#mountNow(volume)),
      )
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
    try {
      await this.#options.unlocker.use(volume, key)
    } catch (error) {
      if (!(error instanceof UnlockFailure)) throw error
      throw new RecoveryError("VolumeLocked", `Volume ${path} is still locked. ${error.message}: this key.`)
    }
    await this.discover()
  }

  #inTurn<T>(volume: Volume, work: () => Promise<T>): Promise<T> {
    if (!this.#options.verdict.suspects.has(this.#anchor(volume))) return work()
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => undefined)
    return mine
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
    const { host, journal, timeoutMs: limitMs, log } = this.#options
    const deed = { kind: "mount", volume: this.#anchor(volume) } as const
    try {
      const failed = (message: string) => new MountFailure(message)
      const words = [device, filesystem, journal, ...otherDevices]
      const answer = await runVerb(host, "mount", words, { deed, failed, limitMs })
      const { mounted, system } = parseMount(answer)
      const isSkipped = journal === "Skip" && journaled.has(filesystem)
      const found = system === undefined ? {} : await this.#systems.identify(volume, system)
      return { ...mounted, ...(isSkipped && { journal: "Skipped" as const }), ...found }
    } catch (error) {
      if (error instanceof TooLate) return this.#late(volume, error)
      if (!(error instanceof MountFailure)) throw error
      log.info({ volume: path, message: error.message }, "volume can't be mounted")
      return (await this.#hasRoom(volume)) ? judgeMountFailure(error.message) : judgeFullOverlay(error.message)
    }
  }

  /** A volume is mounted without end. It is not tried again, unless it is the storage that doesn't answer, or want of CPU. */
  #late(volume: Volume, error: TooLate): Partial<Volume> {
    const { starved, late, timeoutMs } = this.#options
    if (starved() || isForWantOfCpu(error)) throw error
    const why = `It was not mounted within ${timeoutMs / 1000} s, and is left out.`
    late(this.#anchor(volume), why)
    return leftOut(why)
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
    const { host, timeoutMs: ms } = this.#options
    return inTime({ clock: host.clock, ms, late, signal }, work)
  }
}

/** The kernel's reason, escaped. */
class MountFailure extends Error {}
