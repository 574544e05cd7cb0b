import { execFile } from "node:child_process"
import { promisify } from "node:util"
import type { BlockDevice } from "../../../src/block/device.ts"

const run = promisify(execFile)

/** Something that happens whenever a byte of a disk is read, before it is given. */
export interface Trap {
  readonly at: number
  readonly spring: () => void
}

/** The same disk with traps: how a volume ends its guest at will, and always at the same deed. */
export function trapped(device: BlockDevice, traps: readonly Trap[]): BlockDevice {
  return {
    sizeBytes: device.sizeBytes,
    blockSize: device.blockSize,
    read: (into, offset) => {
      for (const { at, spring } of traps) if (at >= offset && at < offset + into.length) spring()
      return device.read(into, offset)
    },
    close: () => device.close(),
  }
}

/** Where the journal of an ext4 of 1 KiB blocks begins, which is read when that is mounted and never before. */
export async function journalOf(image: string): Promise<number> {
  const { stdout } = await run("debugfs", ["-R", "bmap <8> 0", image], {
    env: { ...process.env, PATH: `${process.env["PATH"]}:/sbin:/usr/sbin` },
  })
  return Number(stdout) * 1024
}
