import { RecoveryError } from "../api/reasons.ts"
import type { Volume } from "./catalogue.ts"
import { counted } from "./cpu/time-left.ts"
import { enoughCpu } from "./cpu/words.ts"
import { inTime } from "./in-time.ts"
import type { GuestLog } from "./log.ts"
import { printable } from "./printable.ts"
import type { SessionHost } from "./session.ts"
import { isForWantOfCpu, TooLate } from "./too-late.ts"
import { attempts, type UnlockKey, unusable } from "./unlock-key.ts"
import { runVerb } from "./verb.ts"

/** Exit codes of cryptsetup: a key does not fit; there is too little memory to find out. */
const doesNotFit = 2
const outOfMemory = 3
const moreMemory = "; the chart's guest.unlockMiB, or open --memory, gives the micro-VM more"

export interface UnlockerOptions {
  readonly host: SessionHost
  readonly log: GuestLog
  readonly keys: readonly UnlockKey[]
  /** How long one key may take on one volume, of the guest's time: what makes passphrases hard to guess is slow under emulation. */
  readonly keyMs: number
  /** How long all keys may take on all volumes. */
  readonly allMs: number
}

/** Tries keys on encrypted volumes, each once, one after the other: each may take a gigabyte of the guest's memory. */
export class Unlocker {
  readonly #options: UnlockerOptions
  /** The one that was last of use comes first: volumes of one machine often share one. */
  #keys: readonly UnlockKey[]
  /** Of each volume that was tried, by device, why it stays locked with each key. */
  readonly #tried = new Map<string, Map<UnlockKey, string>>()
  #spentMs = 0

  constructor(options: UnlockerOptions) {
    this.#options = options
    this.#keys = options.keys
  }

  /** Tries all keys on all locked volumes that were not tried yet. Returns those that were opened: more may lie in them. */
  async open(volumes: readonly Volume[], signal?: AbortSignal): Promise<Volume[]> {
    const opened: Volume[] = []
    for (const volume of volumes)
      if (volume.state === "Locked" && !this.#tried.has(volume.device) && (await this.#tryAll(volume, signal)))
        opened.push(volume)
    return opened
  }

  /** The volume, which says when it is locked what came of each key. */
  explain(volume: Volume): Volume {
    if (volume.state !== "Locked") return volume
    const tried = this.#tried.get(volume.device)
    const outcome = (key: UnlockKey) => unusable(key) ?? tried?.get(key) ?? "Not tried"
    const groups = Map.groupBy(this.#options.keys, outcome)
    const words = [...groups].map(([outcome, keys]) => `${outcome}: ${keys.map(shown).join(", ")}.`)
    return { ...volume, message: [volume.message, ...(words.length === 0 ? ["No key was given."] : words)].join(" ") }
  }

  async #tryAll(volume: Volume, signal: AbortSignal | undefined): Promise<boolean> {
    const outcomes = new Map<UnlockKey, string>()
    this.#tried.set(volume.device, outcomes)
    for (const { key, reading } of attempts(this.#keys)) {
      try {
        await this.use(volume, reading, signal)
        this.#options.log.info({ volume: volume.path, key: key.name }, "unlocked")
        this.#keys = [key, ...this.#keys.filter((other) => other !== key)]
        return true
      } catch (error) {
        if (!(error instanceof UnlockFailure)) throw error
        outcomes.set(key, error.message)
        this.#options.log.info({ volume: volume.path, key: key.name, outcome: error.message }, "tried a key")
      }
    }
    return false
  }

  /** Opens a volume with exactly this key. Rejects with UnlockFailure, which says why it stays locked. */
  async use({ device, path }: Volume, key: Buffer, signal?: AbortSignal): Promise<void> {
    const { host, keyMs, allMs } = this.#options
    const limitMs = Math.min(keyMs, allMs - this.#spentMs)
    if (limitMs <= 0) throw new UnlockFailure("Not tried, as the others have taken too long")
    let leastMs = 0
    const spent = host.clock.start()
    void spent.look() // what the guest is denied counts from here
    const deed = { kind: "unlock", volume: host.underWay.anchorOf(device) } as const
    const failed = (message: string, exitCode: number) => {
      // of a recovery key of another BitLocker it says nothing, with a code that could mean anything
      if (exitCode === doesNotFit || message === "") return new UnlockFailure("Does not fit")
      const cure = exitCode === outOfMemory ? moreMemory : ""
      return new UnlockFailure(`Could not be tried (${message.replace(/\.$/, "")}${cure})`)
    }
    try {
      const limit = { clock: host.clock, ms: limitMs, late: `Volume ${path} was not unlocked`, signal }
      await inTime(limit, (signal) =>
        runVerb(host, "unlock", [device], { input: key.toString("base64"), deed, failed, signal }),
      )
    } catch (error) {
      if (!(error instanceof TooLate)) throw error
      leastMs = limitMs // it is used up, also where the stopwatch of the sum has seen the guest denied more of it
      const why = isForWantOfCpu(error) ? ` of CPU, which it did not get (${enoughCpu})` : ""
      throw new UnlockFailure(`Not tried to the end within ${Math.ceil(limitMs) / 1000} s${why}`)
    } finally {
      this.#spentMs += Math.max(leastMs, counted(await spent.look()))
    }
  }
}

const shown = ({ name }: UnlockKey) => printable(Buffer.from(name), 600)

/** Why a volume stays locked: what is said of the key, without which. */
export class UnlockFailure extends RecoveryError {
  constructor(outcome: string) {
    super("VolumeLocked", outcome)
  }
}
