import type { BlockDevice } from "../block/device.ts"

/** Knows how long the reads of some disks have been waiting: whether a guest that stands still waits for its storage. */
export class WaitingReads {
  /** When each began; the oldest first. */
  readonly #begun = new Set<{ readonly at: number }>()

  /** Milliseconds since the oldest read that has no answer yet began; 0 when there is none. */
  get oldestMs(): number {
    for (const { at } of this.#begun) return performance.now() - at
    return 0
  }

  /** The same disk, its reads counted. */
  of(device: BlockDevice): BlockDevice {
    return {
      sizeBytes: device.sizeBytes,
      blockSize: device.blockSize,
      read: async (target, offset) => {
        const entry = { at: performance.now() }
        this.#begun.add(entry)
        try {
          await device.read(target, offset)
        } finally {
          this.#begun.delete(entry)
        }
      },
      close: () => device.close(),
    }
  }
}
