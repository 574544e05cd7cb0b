import { sense } from "./sense.ts"
import type { LogicalUnit, Outcome } from "./unit.ts"

/** READ CAPACITY(10) (SBC-3 section 5.15): a disk too large for it answers ffffffffh. */
export function readCapacity10(_cdb: Buffer, unit: LogicalUnit): Outcome {
  const data = Buffer.alloc(8)
  data.writeUInt32BE(Math.min(unit.blocks - 1, 0xffffffff), 0)
  data.writeUInt32BE(unit.blockSize, 4)
  return { kind: "data", data }
}

/** READ CAPACITY(16) (SBC-3 section 5.16). A 512-byte block is said to lie eight to a physical one. */
export function readCapacity16(cdb: Buffer, unit: LogicalUnit): Outcome {
  const data = Buffer.alloc(32)
  data.writeBigUInt64BE(BigInt(unit.blocks - 1), 0)
  data.writeUInt32BE(unit.blockSize, 8)
  data[13] = unit.blockSize === 512 ? 3 : 0
  return { kind: "data", data: data.subarray(0, cdb.readUInt32BE(10)) }
}

/** Number and size of blocks out of READ CAPACITY(16) data; undefined when it makes no sense. */
export function parseCapacity16(data: Buffer): { blocks: number; blockSize: number } | undefined {
  if (data.length < 12) return undefined
  const blocks = data.readBigUInt64BE(0) + 1n
  const blockSize = data.readUInt32BE(8)
  const sane =
    (blockSize === 512 || blockSize === 4096) && blocks * BigInt(blockSize) <= BigInt(Number.MAX_SAFE_INTEGER)
  return sane ? { blocks: Number(blocks), blockSize } : undefined
}

/** Commands that only name a range of blocks (prefetch, synchronize cache): GOOD when it exists. */
export function touchBlocks(cdb: Buffer, unit: LogicalUnit): Outcome {
  const { block, blocks } = rangeOf(cdb)
  if (block + blocks > unit.blocks || block >= unit.blocks) return { kind: "check", sense: sense.outOfRange }
  return { kind: "good" }
}

/** First block and number of blocks by the group of the operation code (SPC-4 section 4.2.5.1). */
export function rangeOf(cdb: Buffer): { block: number; blocks: number } {
  switch (cdb.readUInt8(0) >> 5) {
    case 0:
      return { block: cdb.readUIntBE(1, 3) & 0x1fffff, blocks: cdb.readUInt8(4) || 256 }
    case 1:
    case 2:
      return { block: cdb.readUInt32BE(2), blocks: cdb.readUInt16BE(7) }
    case 4:
      return { block: cdb.readUInt32BE(2) * 0x1_0000_0000 + cdb.readUInt32BE(6), blocks: cdb.readUInt32BE(10) }
    default:
      return { block: cdb.readUInt32BE(2), blocks: cdb.readUInt32BE(6) }
  }
}
