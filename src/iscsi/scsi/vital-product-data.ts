import { createHash } from "node:crypto"
import { maxTransferBytes, optimalTransferBytes, type LogicalUnit } from "./unit.ts"

/** Codes of the vital product data pages both ends use (SPC-4 section 7.8, SBC-3 section 6.6). */
export const vitalPage = {
  supported: 0x00,
  serial: 0x80,
  identification: 0x83,
  blockLimits: 0xb0,
  characteristics: 0xb1,
  provisioning: 0xb2,
  /** Vendor specific: the disk's name in UTF-8, as people know it. */
  name: 0xc0,
} as const

/** Serial numbers as this project gives them and believes them. */
export const serialNumber = /^[A-Za-z0-9-]{1,36}$/

type Body = (unit: LogicalUnit) => Buffer

/** Longest name carried, in bytes; longer ones are cut. */
const maxNameBytes = 1024

const bodies: ReadonlyMap<number, Body> = new Map<number, Body>([
  [vitalPage.supported, () => Buffer.from([...bodies.keys()])],
  [vitalPage.serial, (unit) => Buffer.from(unit.serial, "latin1")],
  [vitalPage.identification, identification],
  [vitalPage.blockLimits, blockLimits],
  [vitalPage.characteristics, characteristics],
  [vitalPage.provisioning, () => Buffer.alloc(4)],
  [vitalPage.name, (unit) => Buffer.from(unit.name, "utf8").subarray(0, maxNameBytes)],
])

/** One page with its header; undefined for a page this unit hasn't got. */
export function vitalProductPage(page: number, unit: LogicalUnit): Buffer | undefined {
  const body = bodies.get(page)?.(unit)
  if (!body) return undefined
  const head = Buffer.alloc(4)
  head[1] = page
  head.writeUInt16BE(body.length, 2)
  return Buffer.concat([head, body])
}

/** The body of a page as an initiator receives it; undefined when it is another page or cut short. */
export function vitalProductBody(page: number, data: Buffer): Buffer | undefined {
  if (data.length < 4 || data.readUInt8(1) !== page) return undefined
  const end = 4 + data.readUInt16BE(2)
  return end <= data.length ? data.subarray(4, end) : undefined
}

/** A locally assigned NAA and a T10 vendor identifier, both made from the serial number, so the same on every target. */
function identification(unit: LogicalUnit): Buffer {
  const naa = createHash("sha256").update(unit.serial).digest().subarray(0, 8)
  naa[0] = 0x30 | (naa.readUInt8(0) & 0x0f)
  const vendor = Buffer.from(`FILEREC ${unit.serial}`, "latin1")
  return Buffer.concat([Buffer.of(0x01, 0x03, 0, naa.length), naa, Buffer.of(0x02, 0x01, 0, vendor.length), vendor])
}

function blockLimits(unit: LogicalUnit): Buffer {
  const body = Buffer.alloc(60)
  body.writeUInt32BE(maxTransferBytes / unit.blockSize, 4)
  body.writeUInt32BE(optimalTransferBytes / unit.blockSize, 8)
  return body
}

/** Medium rotation rate 1: not a rotating medium. */
function characteristics(): Buffer {
  const body = Buffer.alloc(60)
  body.writeUInt16BE(1, 0)
  return body
}
