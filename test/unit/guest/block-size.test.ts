import { expect, test } from "vitest"
import type { BlockDevice } from "../../../src/block/device.ts"
import { guestBlockSize } from "../../../src/guest/block-size.ts"

function disk(blockSize: number, sizeBytes: number, ...gptAt: number[]): BlockDevice {
  const content = Buffer.alloc(sizeBytes)
  for (const at of gptAt) content.write("EFI PART", at, "latin1")
  return {
    sizeBytes,
    blockSize,
    read: async (into, offset) => {
      if (offset + into.length > sizeBytes) throw new RangeError("past the end")
      content.copy(into, 0, offset)
    },
    close: () => Promise.resolve(),
  }
}

test.each([
  ["no GPT, its own size", disk(512, 65_536), 512],
  ["no GPT, its own size of 4,096", disk(4096, 65_536), 4096],
  ["a GPT written with 512, given as 4,096", disk(4096, 65_536, 512), 512],
  ["a GPT written with 4,096, given as 512", disk(512, 65_536, 4096), 4096],
  ["both: the one of 512 was written later, or the other would have destroyed it", disk(4096, 65_536, 512, 4096), 512],
  ["too small for a table", disk(512, 512), 512],
])("%s", async (_, device, size) => expect(await guestBlockSize(device)).toBe(size))
