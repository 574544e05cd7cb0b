import { RecoveryError } from "../api/reasons.ts"
import { parseCapacity16 } from "../iscsi/scsi/capacity.ts"
import { parseLunList } from "../iscsi/scsi/lun.ts"
import { request } from "../iscsi/scsi/requests.ts"
import { serialNumber, vitalPage, vitalProductBody } from "../iscsi/scsi/vital-product-data.ts"
import { ask, unitFailure } from "./commands.ts"
import { ScsiFailure } from "./scsi-failure.ts"
import type { Session } from "./session.ts"

/** A logical unit as the target describes it. */
export interface FoundUnit {
  readonly lun: number
  readonly serial: string
  /** What the target calls it; undefined when it doesn't say. */
  readonly name: string | undefined
  readonly blocks: number
  readonly blockSize: number
}

const room = 4096

/** Asks a target for its disks: REPORT LUNS, the serial number and name pages, READ CAPACITY(16). */
export async function discover(session: Session): Promise<FoundUnit[]> {
  const list = await ask(session, 0, request.reportLuns(room), room)
  const found: FoundUnit[] = []
  for (const lun of parseLunList(list)) found.push(await describe(session, lun))
  return found
}

async function describe(session: Session, lun: number): Promise<FoundUnit> {
  try {
    const serial = (await page(session, lun, vitalPage.serial))?.toString("latin1").trim() ?? ""
    if (!serialNumber.test(serial)) throw unitFailure(lun, "it has no usable serial number")
    const capacity = parseCapacity16(await ask(session, lun, request.readCapacity16(), 32))
    if (!capacity) throw unitFailure(lun, "its capacity makes no sense")
    return { lun, serial, name: await nameOf(session, lun), ...capacity }
  } catch (error) {
    throw error instanceof ScsiFailure ? unitFailure(lun, error.message, error) : error
  }
}

async function nameOf(session: Session, lun: number): Promise<string | undefined> {
  const supported = await page(session, lun, vitalPage.supported)
  if (!supported?.includes(vitalPage.name)) return undefined
  return (await page(session, lun, vitalPage.name))?.toString("utf8")
}

async function page(session: Session, lun: number, code: number): Promise<Buffer | undefined> {
  return vitalProductBody(code, await ask(session, lun, request.vitalProductPage(code, room), room))
}

/** A target we come back to must have the disks it had; anything else would mix the bytes of two recovery points. */
export function checkSameUnits(before: readonly FoundUnit[], now: readonly FoundUnit[]): void {
  for (const unit of before) {
    const same = now.find(({ lun }) => lun === unit.lun)
    if (same?.serial !== unit.serial || same.blocks !== unit.blocks || same.blockSize !== unit.blockSize) {
      throw new RecoveryError(
        "LoginRefused",
        `logical unit ${unit.lun} of the target isn't disk ${unit.serial} any more; start a new session`,
      )
    }
  }
}
