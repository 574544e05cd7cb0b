import { RecoveryError } from "../api/reasons.ts"
import type { BlockDevice } from "../block/device.ts"
import { request } from "../iscsi/scsi/requests.ts"
import { sendCommand, unitFailure } from "./commands.ts"
import type { FoundUnit } from "./discover.ts"
import type { InitiatorLimits } from "./options.ts"
import { ScsiFailure } from "./scsi-failure.ts"
import type { SessionKeeper } from "./session-keeper.ts"
import type { Slots } from "./slots.ts"

/** How often a block the target couldn't read is asked for, in all. */
const mostMediumTries = 3

/** A logical unit of a remote target as a disk. Reads outlive lost connections: they are sent again on the next one. */
export class RemoteUnit implements BlockDevice {
  readonly sizeBytes: number
  readonly blockSize: number
  readonly #unit: FoundUnit
  readonly #keeper: SessionKeeper
  readonly #slots: Slots
  readonly #limits: InitiatorLimits

  constructor(unit: FoundUnit, keeper: SessionKeeper, slots: Slots, limits: InitiatorLimits) {
    this.#unit = unit
    this.#keeper = keeper
    this.#slots = slots
    this.#limits = limits
    this.blockSize = unit.blockSize
    this.sizeBytes = unit.blocks * unit.blockSize
  }

  async read(into: Buffer, offset: number): Promise<void> {
    const end = offset + into.length
    if (!Number.isSafeInteger(offset) || offset < 0 || end > this.sizeBytes) {
      throw new RangeError(`read of ${into.length} bytes at ${offset} goes past the end of disk ${this.#unit.serial}`)
    }
    const parts: Array<Promise<void>> = []
    for (let at = offset; at < end;) {
      const next = Math.min(end, this.#commandEnd(at))
      parts.push(this.#slots.use(this.#part.bind(this, into.subarray(at - offset, next - offset), at)))
      at = next
    }
    if (parts.length === 1) return parts[0]
    // all of them, even after a failure: nothing may still write into the caller's buffer once this is over
    const failed = (await Promise.allSettled(parts)).find((part) => part.status === "rejected")
    if (failed) throw failed.reason
  }

  /** The session is the initiator's; a disk of it holds nothing. */
  close(): Promise<void> {
    return Promise.resolve()
  }

  /** Where a command that starts here ends at most: on a block, so that only a read's two ends can be unaligned. */
  #commandEnd(offset: number): number {
    const start = offset - (offset % this.blockSize)
    return start + this.#limits.commandBytes
  }

  async #part(into: Buffer, offset: number): Promise<void> {
    const first = Math.floor(offset / this.blockSize)
    const blocks = Math.ceil((offset + into.length) / this.blockSize) - first
    const skip = offset - first * this.blockSize
    const isAligned = skip === 0 && into.length === blocks * this.blockSize
    const whole = isAligned ? into : Buffer.allocUnsafe(blocks * this.blockSize)
    await this.#readBlocks(first, blocks, whole)
    if (!isAligned) whole.copy(into, 0, skip, skip + into.length)
  }

  async #readBlocks(first: number, blocks: number, into: Buffer): Promise<void> {
    const startedAt = performance.now()
    for (let mediumErrors = 0; ;) {
      const session = await this.#keeper.session()
      try {
        const received = await sendCommand(session, this.#unit.lun, request.read16(first, blocks), into)
        if (received === into.length) return
        throw unitFailure(this.#unit.lun, `it gave ${received} of ${into.length} bytes`)
      } catch (error) {
        if (error instanceof ScsiFailure) {
          if (++mediumErrors === mostMediumTries) throw this.#failure(first, blocks, error)
        } else if (!isLost(error) || performance.now() - startedAt > this.#limits.giveUpAfterMs) {
          throw error
        }
      }
    }
  }

  #failure(first: number, blocks: number, cause: ScsiFailure): RecoveryError {
    const where = `blocks ${first} to ${first + blocks - 1} of disk ${this.#unit.serial}`
    return new RecoveryError("DiskUnreadable", `${where} can't be read: ${cause.message}; look at the target's log`, {
      cause,
    })
  }
}

/** A connection that breaks, for whatever reason, is no reason for a read to fail. */
function isLost(error: unknown): boolean {
  return error instanceof RecoveryError && (error.code === "ConnectionLost" || error.code === "ProtocolError")
}
