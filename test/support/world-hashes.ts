import type { TargetStatus } from "../../src/control/schemas.ts"

/** What the target pods of a world find when they hash their disk, and how far they are. */
export class WorldHashes {
  before = "a".repeat(64)
  after = "a".repeat(64)
  readonly #total = 2 ** 30
  #percent = 100
  readonly #waiting = new Set<() => void>()

  /** At 100 whoever hashes is done. */
  set percent(percent: number) {
    this.#percent = percent
    if (percent === 100) for (const go of this.#waiting) go()
  }

  get areDone(): boolean {
    return this.#percent === 100
  }

  get progress(): NonNullable<TargetStatus["hashing"]> {
    return { bytesDone: Math.ceil((this.#total * this.#percent) / 100), bytesTotal: this.#total }
  }

  /** Resolves when they are done; rejects when there is no time for that. */
  async done(hurry: AbortSignal): Promise<void> {
    hurry.throwIfAborted()
    if (this.areDone) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.add(resolve)
    hurry.addEventListener("abort", () => resolve())
    await promise
    hurry.throwIfAborted()
  }
}
