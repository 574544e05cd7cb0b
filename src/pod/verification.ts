import type { Logger } from "pino"
import { RecoveryError } from "../api/reasons.ts"
import type { NamedDisk } from "../block/device.ts"
import type { TargetStatus } from "../control/schemas.ts"
import { hashDisks, type HashedDisk } from "../target/hash-disks.ts"
import { aborted } from "./aborted.ts"
import type { TargetOptions } from "./options.ts"
import { terminationMessage } from "./termination.ts"

/** `after`: the hashes from before the first byte are known, from a pod that was here before this one. */
export type HashTimes = NonNullable<TargetOptions["hash-disks"]>

/**
 * The hashes that show whether serving disks has changed them: one of each disk before the first byte is served, which
 * isn't until the operator has written them down and says so, and one when nobody is logged in any more.
 */
export class Verification {
  readonly #paths: TargetOptions["disk"]
  readonly #times: HashTimes
  readonly #log: Logger
  readonly #mayServe = Promise.withResolvers<void>()
  #disks: HashedDisk[] = []
  #bytesDone = 0
  readonly #before = new Map<number, string>()
  readonly #after = new Map<number, string>()
  #problem: RecoveryError | undefined

  constructor(paths: TargetOptions["disk"], times: HashTimes, log: Logger) {
    this.#paths = paths
    this.#times = times
    this.#log = log
  }

  /** Before the first byte is served. Rejects with `DiskUnreadable` for a disk that can't be hashed, and at the signal. */
  async hashBefore(opened: readonly NamedDisk[], signal: AbortSignal): Promise<void> {
    this.#disks = opened.map(({ name, device }, index) => ({
      name,
      path: this.#paths[index]?.path ?? "",
      sizeBytes: device.sizeBytes,
    }))
    if (this.#times === "after") return
    const failure = new AbortController()
    await this.#hash(this.#before, AbortSignal.any([signal, failure.signal]), ({ code, message }) =>
      failure.abort(new RecoveryError(code, `${message}; without verifySource it is served as far as it can be read`)),
    )
    failure.signal.throwIfAborted()
    this.#log.info("the disks are hashed; waiting to be told to serve them")
    await Promise.race([this.#mayServe.promise, aborted(signal)])
    signal.throwIfAborted()
    this.#bytesDone = 0 // of the second time
  }

  /** The disks are open and are hashed before they are served, or are about to be served. */
  get comesFirst(): boolean {
    return this.#times === "before-and-after" && this.#disks.length > 0
  }

  /** The hashes of before are written down. */
  serve(): void {
    this.#mayServe.resolve()
  }

  /** When nobody is logged in any more. Never rejects: what could not be hashed is told. */
  async hashAfter(hurry: AbortSignal): Promise<void> {
    if (hurry.aborted) return
    await this.#hash(this.#after, hurry, (error) => (this.#problem ??= error)).catch(() =>
      this.#log.warn("there was no time left to hash the disks again"),
    )
  }

  /** What is told of it, by disk. */
  hashes(index: number): Pick<TargetStatus["disks"][number], "sha256Before" | "sha256After"> {
    const [sha256Before, sha256After] = [this.#before.get(index), this.#after.get(index)]
    return { ...(sha256Before && { sha256Before }), ...(sha256After && { sha256After }) }
  }

  get progress(): NonNullable<TargetStatus["hashing"]> {
    const bytesTotal = this.#disks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    return { bytesDone: this.#bytesDone, bytesTotal }
  }

  /** Why a disk could not be hashed again. */
  get problem(): TargetStatus["problem"] {
    return this.#problem && terminationMessage(this.#problem)
  }

  #hash(into: Map<number, string>, signal: AbortSignal, failed: (error: RecoveryError) => void): Promise<void> {
    return hashDisks(this.#disks, {
      signal,
      progress: (bytes) => (this.#bytesDone += bytes),
      hashed: (index, sha256) => {
        into.set(index, sha256)
        this.#log.info({ disk: this.#disks[index]?.name, sha256 }, "hashed")
      },
      failed: (_, error) => {
        this.#log.error({ err: error }, "a disk can't be hashed")
        failed(error)
      },
    })
  }
}
