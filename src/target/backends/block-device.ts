import { readFile, type FileHandle } from "node:fs/promises"
import { RecoveryError } from "../../api/reasons.ts"
import type { BlockDevice } from "../../block/device.ts"
import { openForReading, RawDevice } from "./raw.ts"

/** Sysfs counts in sectors of this many bytes, whatever the device's block size is. */
const sysfsSectorBytes = 512

/**
 * A block device, opened for reading only. Needs no privilege: size and block size come from sysfs by device number,
 * because Node has no ioctl; where sysfs doesn't know, the size is found by reading.
 * Rejects with `DeviceNotReadable` where permission is missing and `DiskUnreadable` otherwise.
 */
export async function openBlockDevice(path: string): Promise<BlockDevice> {
  const file = await openForReading(path)
  try {
    const stats = await file.stat()
    if (!stats.isBlockDevice()) throw new RecoveryError("DiskUnreadable", `${path} isn't a block device`)
    const sysfs = `/sys/dev/block/${majorOf(stats.rdev)}:${minorOf(stats.rdev)}`
    const sizeBytes = await sizeOf(file, sysfs)
    if (sizeBytes === 0) throw new RecoveryError("DiskUnreadable", `${path} is empty; its volume has no content`)
    return new RawDevice(file, path, sizeBytes, await blockSizeOf(sysfs))
  } catch (error) {
    await file.close()
    throw error
  }
}

async function sizeOf(file: FileHandle, sysfs: string): Promise<number> {
  const sectors = await readNumber(`${sysfs}/size`)
  const claimed = (sectors ?? 0) * sysfsSectorBytes
  const fits = claimed > 0 && (await hasByteAt(file, claimed - 1)) && !(await hasByteAt(file, claimed))
  return fits ? claimed : await findEnd(file)
}

/** The number of readable bytes, by doubling and then halving: some 80 reads of one byte. */
export async function findEnd(file: Pick<FileHandle, "read">): Promise<number> {
  let known = 0
  let beyond = sysfsSectorBytes
  while (beyond < Number.MAX_SAFE_INTEGER / 2 && (await hasByteAt(file, beyond - 1))) {
    known = beyond
    beyond *= 2
  }
  while (beyond - known > 1) {
    const middle = known + Math.floor((beyond - known) / 2)
    if (await hasByteAt(file, middle - 1)) known = middle
    else beyond = middle
  }
  return known
}

async function hasByteAt(file: Pick<FileHandle, "read">, offset: number): Promise<boolean> {
  const { bytesRead } = await file.read(Buffer.alloc(1), 0, 1, offset)
  return bytesRead === 1
}

/** A partition has no queue of its own; its disk's is one directory above. */
async function blockSizeOf(sysfs: string): Promise<512 | 4096> {
  const size =
    (await readNumber(`${sysfs}/queue/logical_block_size`)) ??
    (await readNumber(`${sysfs}/../queue/logical_block_size`))
  return size === 4096 ? 4096 : 512
}

async function readNumber(path: string): Promise<number | undefined> {
  const text = await readFile(path, "utf8").catch(() => "")
  return /^\d+\s*$/.test(text) ? Number(text) : undefined
}

/** Linux encodes 12 bits of major and 20 bits of minor number, interleaved (makedev(3)). */
function majorOf(device: number): number {
  return Math.floor(device / 0x100) & 0xfff
}

function minorOf(device: number): number {
  return (device & 0xff) | ((Math.floor(device / 0x1000) & 0xfff00) >>> 0)
}
