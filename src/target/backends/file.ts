import { RecoveryError } from "../../api/reasons.ts"
import type { BlockDevice } from "../../block/device.ts"
import { openForReading, RawDevice } from "./raw.ts"

/** Logical block size of a disk image that doesn't say its own, in bytes. */
const standardBlockSize = 512

/**
 * A raw disk image in a regular file. A file that ends within a block is padded with zeros.
 * Rejects with `DeviceNotReadable` where permission is missing and `DiskUnreadable` otherwise.
 */
export async function openFile(path: string, blockSize: 512 | 4096 = standardBlockSize): Promise<BlockDevice> {
  const file = await openForReading(path)
  try {
    const stats = await file.stat()
    if (!stats.isFile()) throw new RecoveryError("DiskUnreadable", `${path} isn't a regular file; name a disk image`)
    if (stats.size === 0) throw new RecoveryError("DiskUnreadable", `${path} is empty; name a disk image`)
    return new RawDevice(file, path, stats.size, blockSize)
  } catch (error) {
    await file.close()
    throw error
  }
}
