import type { FileHandle } from "node:fs/promises"
import { expect, test } from "vitest"
import { findEnd } from "../../../src/target/backends/block-device.ts"

/** A device that gives bytes up to its end and nothing behind it, as Linux does. */
function deviceOf(bytes: number) {
  let reads = 0
  const read = async (_buffer: Buffer, _at: number, _length: number, offset: number) => {
    reads++
    return { bytesRead: offset < bytes ? 1 : 0 }
  }
  return { file: { read } as unknown as Pick<FileHandle, "read">, reads: () => reads }
}

test.each([0, 512, 513, 1 << 20, 5_368_709_120, 4 * 2 ** 40, 2 ** 50])(
  "the end of %i bytes is found with few reads",
  async (bytes) => {
    const device = deviceOf(bytes)
    expect(await findEnd(device.file)).toBe(bytes)
    expect(device.reads()).toBeLessThan(110)
  },
)
