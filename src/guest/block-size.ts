import type { BlockDevice } from "../block/device.ts"

const signature = Buffer.from("EFI PART")

/**
 * The logical block size (bytes) the guest has to see, so that it reads a partition table as it was written: a GPT says
 * it by where its header is (UEFI 5.3.2: at the second block). Without one the device's own size counts. A snapshot of a
 * disk of 4,096 byte sectors often comes back on a device of 512, and the other way round.
 */
export async function guestBlockSize(device: BlockDevice): Promise<number> {
  for (const size of [512, 4096]) {
    if (device.sizeBytes < 2 * size) continue
    const found = Buffer.alloc(signature.length)
    await device.read(found, size)
    if (found.equals(signature)) return size
  }
  return device.blockSize
}
