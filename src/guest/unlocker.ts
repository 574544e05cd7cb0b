import { RecoveryError } from "../api/reasons.ts"
import type { Volume } from "./catalogue.ts"
import { inTime } from "./in-time.ts"
import type { GuestLog } from "./log.ts"
import { printable } from "./printable.ts"
import type { SessionHost } from "./session.ts"
import { readings, type UnlockKey } from "./unlock-key.ts"
import { runVerb } from "./verb.ts"

/** A Secret holds no more. */
const maxKeyBytes = 1 << 20
/** cryptsetup's exit code when a key does not fit. */
const doesNotFit = 2

export interface UnlockerOptions {
  readonly host: SessionHost
  readonly log: GuestLog
  readonly keys: readonly UnlockKey[]
  /** How long one key may take on one volume: what makes passphrases hard to guess is slow under emulation. */
  readonly keyMs: number
  /** How long all keys may take on all volumes. */
  readonly allMs: number
}

/** Tries keys on encrypted volumes, each once, one after the other: each may take a gigabyte of the guest's memory. */
export class Unlocker {
  readonly #options: UnlockerOptions
  /** What came of each key, by device. */
  readonly #tried = new Map<string, readonly string[]>()
  #spentMs = 0

  constructor(options: UnlockerOptions) {
    this.#options = options
  }

  /** Tries all keys on all locked volumes that were not tried yet. Says whether any was opened: more may lie in it. */
  async open(volumes: readonly Volume[], signal?: AbortSignal): Promise<boolean> {
    let opened = false
    for (const volume of volumes)
      if (volume.state === "Locked" && !this.#tried.has(volume.device))
        opened = (await this.#tryAll(volume, signal)) || opened
    return opened
  }

  /** The volume, which says when it is locked what came of each key. */
  explain(volume: Volume): Volume {
    if (volume.state !== "Locked") return volume
    const words = this.#tried.get(volume.device) ?? []
    const why = words.length === 0 ? "no key was given" : words.join("; ")
    return { ...volume, message: `${volume.message ?? "Encrypted"}: ${why}.` }
  }

  async #tryAll(volume: Volume, signal: AbortSignal | undefined): Promise<boolean> {
    const words: string[] = []
    this.#tried.set(volume.device, words)
    for (const key of this.#options.keys) {
      const why = await this.#tryOne(volume, key, signal)
      this.#options.log.info({ volume: volume.path, key: key.name, outcome: why ?? "fits" }, "tried a key")
      if (why === undefined) return true
      words.push(`${printable(Buffer.from(key.name), 600)} ${why}`)
    }
    return false
  }

  /** Undefined when the key has opened the volume, otherwise why not. */
  async #tryOne(volume: Volume, { value }: UnlockKey, signal: AbortSignal | undefined): Promise<string | undefined> {
    if (value === undefined) return "is absent"
    if (value.length > maxKeyBytes) return `has more than ${maxKeyBytes} bytes`
    let why = "is empty"
    for (const reading of readings(value)) {
      try {
        await this.use(volume, reading, signal)
        return undefined
      } catch (error) {
        if (!(error instanceof UnlockFailure)) throw error
        why = error.message
      }
    }
    return why
  }

  /** Opens a volume with exactly this key. Rejects with UnlockFailure, which says why it stays closed. */
  async use({ device, path }: Volume, key: Buffer, signal?: AbortSignal): Promise<void> {
    const { host, keyMs, allMs } = this.#options
    const limitMs = Math.min(keyMs, allMs - this.#spentMs)
    if (limitMs <= 0) throw new UnlockFailure("was not tried: the others have taken too long")
    const started = performance.now()
    const failed = (message: string, exitCode: number) =>
      new UnlockFailure(exitCode === doesNotFit ? "does not fit" : `could not be tried (${message})`)
    try {
      await inTime(limitMs, `Volume ${path} was not unlocked`, signal, (signal) =>
        runVerb(host, "unlock", [device], { input: key.toString("base64"), failed, signal }),
      )
    } catch (error) {
      const late = limitMs <= performance.now() - started
      if (late && error instanceof RecoveryError && signal?.aborted !== true)
        throw new UnlockFailure(`was not tried to the end within ${Math.round(limitMs / 1000)} s`)
      throw error
    } finally {
      this.#spentMs += performance.now() - started
    }
  }
}

/** What came of a key, as the end of a sentence that begins with its name. */
export class UnlockFailure extends RecoveryError {
  constructor(message: string) {
    super("VolumeLocked", message)
  }
}
