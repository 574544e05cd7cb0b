import { rangeOf } from "./capacity.ts"
import { sense } from "./sense.ts"
import { maxTransferBytes, type LogicalUnit, type Outcome } from "./unit.ts"

/** READ(6), (10), (12), (16) (SBC-3 sections 5.8 to 5.11), without protection information. */
export function read(cdb: Buffer, unit: LogicalUnit): Outcome {
  const wantsProtection = cdb.readUInt8(0) !== 0x08 && (cdb.readUInt8(1) & 0xe0) !== 0
  if (wantsProtection) return { kind: "check", sense: sense.invalidField }
  const { block, blocks } = rangeOf(cdb)
  if (block >= unit.blocks || blocks > unit.blocks - block) return { kind: "check", sense: sense.outOfRange }
  if (blocks * unit.blockSize > maxTransferBytes) return { kind: "check", sense: sense.invalidField }
  return { kind: "read", block, blocks }
}
