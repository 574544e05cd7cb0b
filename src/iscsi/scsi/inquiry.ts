import { vitalProductPage } from "./vital-product-data.ts"
import { sense } from "./sense.ts"
import type { LogicalUnit, Outcome } from "./unit.ts"

/** Peripheral qualifier and device type where no logical unit is (SPC-4 section 6.4.2). */
const absent = 0x7f

/** Version descriptors: SAM-5, iSCSI, SPC-4, SBC-3. */
const versions = [0x00a0, 0x0960, 0x0460, 0x04c0]

/** INQUIRY (SPC-4 section 6.4). Answers for absent logical units too, and never reports a unit attention. */
export function inquiry(cdb: Buffer, unit: LogicalUnit | undefined): Outcome {
  const wantsPage = (cdb.readUInt8(1) & 0x01) !== 0
  const page = cdb.readUInt8(2)
  const room = cdb.readUInt16BE(3)
  const refused: Outcome = { kind: "check", sense: sense.invalidField }
  if (!wantsPage) return page === 0 ? { kind: "data", data: standardData(unit).subarray(0, room) } : refused
  const data = unit && vitalProductPage(page, unit)
  return data ? { kind: "data", data: data.subarray(0, room) } : refused
}

function standardData(unit: LogicalUnit | undefined): Buffer {
  const data = Buffer.alloc(96)
  data[0] = unit ? 0 : absent
  data[2] = 6 // SPC-4
  data[3] = 0x12 // HiSup, response data format 2
  data[4] = data.length - 5
  data[7] = 0x02 // CmdQue
  data.write("FILEREC ", 8, "latin1")
  data.write("RECOVERY DISK   ", 16, "latin1")
  data.write("1   ", 32, "latin1")
  for (const [index, version] of versions.entries()) data.writeUInt16BE(version, 58 + 2 * index)
  return data
}
