import { isWritten } from "../../nbd/allocation.ts"
import type { Qmp } from "../qmp.ts"
import { connectSocket } from "../socket.ts"
import { overlayNode } from "../disks.ts"
import type { DiskRange } from "./layout.ts"

/**
 * What the guest has written, as QEMU knows it, which keeps the overlays: it is asked over NBD, where it tells of each
 * block in which layer it lies. The server in QEMU starts with the first question.
 */
export class WrittenBlocks {
  readonly #qmp: Qmp
  readonly #socket: string
  #server: Promise<unknown> | undefined
  readonly #exports = new Map<number, Promise<unknown>>()

  /** `socket`: where QEMU makes it. */
  constructor(qmp: Qmp, socket: string) {
    this.#qmp = qmp
    this.#socket = socket
  }

  /** Whether any of these bytes of the disks, in order, may have been written by the guest since it started. */
  async any(ranges: readonly DiskRange[], signal: AbortSignal): Promise<boolean> {
    for (const disk of new Set(ranges.map(({ disk }) => disk))) {
      await this.#export(disk)
      const socket = await connectSocket(this.#socket, signal)
      const stop = () => socket.destroy()
      signal.addEventListener("abort", stop, { once: true })
      try {
        const of = ranges.filter((range) => range.disk === disk)
        if (await isWritten(socket, overlayNode(disk), of)) return true
      } finally {
        signal.removeEventListener("abort", stop)
      }
    }
    return false
  }

  async #export(disk: number): Promise<void> {
    this.#server ??= this.#qmp.execute("nbd-server-start", { addr: { type: "unix", data: { path: this.#socket } } })
    await this.#server
    const made = this.#exports.get(disk) ?? this.#offer(overlayNode(disk))
    this.#exports.set(disk, made)
    await made
  }

  #offer(node: string): Promise<unknown> {
    const what = { "node-name": node, name: node, writable: false, "allocation-depth": true }
    return this.#qmp.execute("block-export-add", { type: "nbd", id: `export-${node}`, ...what })
  }
}
