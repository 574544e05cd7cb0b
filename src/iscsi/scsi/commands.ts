import { readCapacity10, readCapacity16, touchBlocks } from "./capacity.ts"
import { inquiry } from "./inquiry.ts"
import { encodeLunList } from "./lun.ts"
import { modeSense } from "./mode-sense.ts"
import { read } from "./read.ts"
import { descriptorSense, fixedSense, sense, type Sense } from "./sense.ts"
import { supportedOpcodes } from "./supported-opcodes.ts"
import type { LogicalUnit, Outcome } from "./unit.ts"
import { isWrite } from "./writes.ts"

/** What a command is executed with: the addressed unit, if it exists, all LUNs, and a unit attention that waits. */
export interface Addressed {
  readonly unit: LogicalUnit | undefined
  readonly luns: readonly number[]
  /** Takes the pending unit attention, if there is one: it is reported once. */
  takeAttention(): Sense | undefined
}

interface Command {
  readonly usage: Buffer
  readonly serviceAction?: number
  readonly run: (cdb: Buffer, unit: LogicalUnit) => Outcome
}

const good = (): Outcome => ({ kind: "good" })
const check = (what: Sense): Outcome => ({ kind: "check", sense: what })

/** Commands on an existing unit: CDB usage data (SPC-4 section 6.35.3) and what they do. */
const table: readonly Command[] = [
  command("00 00 00 00 00 07", good), // TEST UNIT READY
  command("08 1f ff ff ff 07", read), // READ(6)
  command("28 18 ffffffff 00 ffff 07", read), // READ(10)
  command("a8 18 ffffffff ffffffff 00 07", read), // READ(12)
  command("88 18 ffffffffffffffff ffffffff 00 07", read), // READ(16)
  command("1a 08 ff ff ff 07", modeSense), // MODE SENSE(6)
  command("5a 08 ff ff 000000 ffff 07", modeSense), // MODE SENSE(10)
  command("1b 01 00 0f f7 07", (cdb) => ((cdb.readUInt8(4) & 0x02) === 0 ? good() : check(sense.invalidField))), // START STOP UNIT
  command("1e 00 00 00 03 07", good), // PREVENT ALLOW MEDIUM REMOVAL
  command("25 00 00000000 0000 00 07", readCapacity10), // READ CAPACITY(10)
  command("9e 10 0000000000000000 ffffffff 00 07", readCapacity16, 0x10), // READ CAPACITY(16)
  command("34 02 ffffffff 00 ffff 07", touchBlocks), // PRE-FETCH(10)
  command("90 02 ffffffffffffffff ffffffff 00 07", touchBlocks), // PRE-FETCH(16)
  command("35 06 ffffffff 00 ffff 07", touchBlocks), // SYNCHRONIZE CACHE(10)
  command("91 06 ffffffffffffffff ffffffff 00 07", touchBlocks), // SYNCHRONIZE CACHE(16)
  command("a3 0c 87 ff ffff ffffffff 00 07", (cdb) => supportedOpcodes(cdb, described), 0x0c),
]

/** Commands that also answer where no unit is, and while a unit attention waits (SAM-5 section 5.14). */
const always: ReadonlyMap<number, (cdb: Buffer, at: Addressed) => Outcome> = new Map([
  [0x03, requestSense],
  [0x12, (cdb: Buffer, at: Addressed) => inquiry(cdb, at.unit)],
  [0xa0, reportLuns],
])

const described = [
  { usage: bytes("03 01 00 00 ff 07") },
  { usage: bytes("12 01 ff ff ff 07") },
  { usage: bytes("a0 00 ff 000000 ffffffff 00 07") },
  ...table,
]

const byKey = new Map(table.map((one) => [keyOf(one.usage, one.serviceAction), one]))
const withActions = new Set(table.filter((one) => one.serviceAction !== undefined).map((one) => one.usage.readUInt8(0)))

/** Executes a 16-byte CDB as far as that is possible without the disk's bytes. Total: any CDB has an outcome. */
export function execute(cdb: Buffer, at: Addressed): Outcome {
  const operation = cdb.readUInt8(0)
  const independent = always.get(operation)
  if (independent) return independent(cdb, at)
  if (!at.unit) return check(sense.noSuchUnit)
  const attention = at.takeAttention()
  if (attention) return check(attention)
  if (isWrite(cdb)) return check(sense.writeProtected)
  const hasActions = withActions.has(operation)
  const found = byKey.get(keyOf(cdb, hasActions ? cdb.readUInt8(1) & 0x1f : undefined))
  if (found) return found.run(cdb, at.unit)
  return check(hasActions ? sense.invalidField : sense.invalidOpcode)
}

/** REPORT LUNS (SPC-4 section 6.33): all units, or the well-known ones, of which there are none. */
function reportLuns(cdb: Buffer, at: Addressed): Outcome {
  const which = cdb.readUInt8(2)
  const room = cdb.readUInt32BE(6)
  if (room < 16 || which > 2) return check(sense.invalidField)
  return { kind: "data", data: encodeLunList(which === 1 ? [] : at.luns).subarray(0, room) }
}

/** REQUEST SENSE (SPC-4 section 6.39): there is never more to tell than a unit attention. */
function requestSense(cdb: Buffer, at: Addressed): Outcome {
  const what = at.unit ? (at.takeAttention() ?? sense.none) : sense.noSuchUnit
  const data = (cdb.readUInt8(1) & 1) === 0 ? fixedSense(what) : descriptorSense(what)
  return { kind: "data", data: data.subarray(0, cdb.readUInt8(4)) }
}

function command(usage: string, run: Command["run"], serviceAction?: number): Command {
  return { usage: bytes(usage), run, ...(serviceAction === undefined ? {} : { serviceAction }) }
}

function keyOf(cdb: Buffer, serviceAction: number | undefined): number {
  return serviceAction === undefined ? cdb.readUInt8(0) : (cdb.readUInt8(0) << 8) | (serviceAction + 1)
}

function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(" ", ""), "hex")
}
