import type { Qmp, QmpEvent } from "./qmp.ts"

/** The throw-away layers above the disks, in memory, as QEMU tells of them: which have had no room for a write. */
export class Overlays {
  readonly #qmp: Qmp
  readonly #full = new Set<number>()

  constructor(qmp: Qmp) {
    this.#qmp = qmp
    qmp.onEvent((event) => {
      const index = diskWithoutRoom(event)
      if (index !== undefined) this.#full.add(index)
    })
  }

  /**
   * Indexes of the disks whose layer is full; none ever has room again. Complete for whatever the guest knows of: QEMU tells
   * of a failed write before the guest learns of it, and its answer to a command comes after what it told before.
   */
  async full(): Promise<ReadonlySet<number>> {
    await this.#qmp.execute("query-status")
    return this.#full
  }
}

/** The disk that a write failed on for want of room. A write also fails when what is below it can't be read. */
export function diskWithoutRoom({ event, data }: QmpEvent): number | undefined {
  if (event !== "BLOCK_IO_ERROR" || data["operation"] !== "write") return undefined
  const { reason, "node-name": node } = data
  // QEMU has a field for it, which it only sets where such an error stops the machine
  if (typeof reason !== "string" || !reason.includes("No space left on device") || typeof node !== "string")
    return undefined
  const [, index] = /^overlay(\d{1,5})$/.exec(node) ?? []
  return index === undefined ? undefined : Number(index)
}
