import { stat } from "node:fs/promises"
import { setTimeout as delay } from "node:timers/promises"
import { RecoveryError } from "../api/reasons.ts"
import type { BlockDevice, NamedDisk } from "../block/device.ts"
import { openBlockDevice } from "../target/backends/block-device.ts"
import { openFile } from "../target/backends/file.ts"

export interface DiskPath {
  readonly name: string
  readonly serial: string
  readonly path: string
}

/**
 * Opens the disks, block devices or raw images, and puts each onto the stack. A device that isn't there yet is waited
 * for, up to `timeoutMs` for all; other errors come at once (DeviceNotReadable, DiskUnreadable) and name the disk.
 */
export async function openDisks(
  disks: readonly DiskPath[],
  timeoutMs: number,
  stack: AsyncDisposableStack,
  signal: AbortSignal,
): Promise<NamedDisk[]> {
  const giveUpAt = performance.now() + timeoutMs
  const opened: NamedDisk[] = []
  for (const { name, serial, path } of disks) {
    const device = await openWhenThere(name, path, giveUpAt, signal)
    stack.defer(() => device.close())
    opened.push({ name, serial, device })
  }
  return opened
}

async function openWhenThere(name: string, path: string, giveUpAt: number, signal: AbortSignal): Promise<BlockDevice> {
  for (;;) {
    signal.throwIfAborted()
    try {
      return await open(path)
    } catch (error) {
      if (!isMissing(error)) throw aboutDisk(name, error)
      if (performance.now() >= giveUpAt)
        throw new RecoveryError("DiskUnreadable", `Disk ${name}: the device ${path} did not appear; look at its claim.`)
    }
    await delay(250, undefined, { signal })
  }
}

async function open(path: string): Promise<BlockDevice> {
  const stats = await stat(path)
  return stats.isFile() ? openFile(path) : openBlockDevice(path)
}

function isMissing(error: unknown): boolean {
  // ENXIO: the node is there, the device behind it not yet
  const codes = [error, error instanceof Error ? error.cause : undefined].map(codeOf)
  return codes.some((code) => code === "ENOENT" || code === "ENXIO")
}

const codeOf = (error: unknown) => (error instanceof Error && "code" in error ? error.code : undefined)

function aboutDisk(name: string, error: unknown): RecoveryError {
  if (error instanceof RecoveryError)
    return new RecoveryError(error.code, `Disk ${name}: ${error.message}`, { cause: error })
  const words = error instanceof Error ? error.message : String(error)
  return new RecoveryError("DiskUnreadable", `Disk ${name}: ${words}`, { cause: error })
}
