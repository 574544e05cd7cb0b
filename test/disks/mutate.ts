import { open } from "node:fs/promises"

/** Numbers below `end`, the same for the same seed (mulberry32). */
export type Dice = (end: number) => number

export function diceOf(seed: number): Dice {
  let state = seed >>> 0
  return (end) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end)
  }
}

const sectorBytes = 512
/** What lies in front and at the end is mostly what describes the rest: superblocks, tables, headers. */
const nearBytes = 64 << 10
const extremes = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff]

/** Overwrites something of an image that is not empty, at 1 to `most` places. */
export async function mutate(image: string, dice: Dice, most: number): Promise<void> {
  await using file = await open(image, "r+")
  const { size } = await file.stat()
  const sectors = await used(image, size)
  const near = sectors.filter((at) => at < nearBytes || at >= size - nearBytes)
  for (let left = 1 + dice(most); left > 0; left--) {
    const pool = near.length > 0 && dice(2) === 0 ? near : sectors
    const at = (pool[dice(pool.length)] ?? 0) + dice(sectorBytes - 8)
    await file.write(await change(dice, file, sectors), 0, undefined, at)
  }
}

async function change(
  dice: Dice,
  file: { read: (into: Buffer, from: number, length: number, at: number) => Promise<unknown> },
  sectors: readonly number[],
) {
  const bytes = Buffer.alloc(4)
  switch (dice(4)) {
    case 0:
      return Buffer.from([dice(256)])
    case 1:
      bytes.writeUInt32LE(extremes[dice(extremes.length)] ?? 0)
      return bytes.subarray(0, 1 << dice(3))
    case 2:
      bytes.writeUInt32BE(extremes[dice(extremes.length)] ?? 0)
      return bytes
    default: {
      const other = Buffer.alloc(8 << dice(6))
      await file.read(other, 0, other.length, sectors[dice(sectors.length)] ?? 0)
      return other
    }
  }
}

/** Offsets of the sectors that hold anything. */
async function used(image: string, size: number): Promise<number[]> {
  const found: number[] = []
  await using file = await open(image)
  const chunk = Buffer.alloc(1 << 20)
  for (let at = 0; at < size; at += chunk.length) {
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at)
    for (let sector = 0; sector < bytesRead; sector += sectorBytes)
      if (chunk.subarray(sector, sector + sectorBytes).some((byte) => byte !== 0)) found.push(at + sector)
  }
  return found
}
