import { sense } from "./sense.ts"
import type { LogicalUnit, Outcome } from "./unit.ts"

/** Device-specific parameter: WP, and DPOFUA because a read of ours never comes from a cache that could be stale. */
const deviceSpecific = 0x90
const allPages = 0x3f
const control = { changeable: 1, saved: 3 } as const

/** Mode pages (SPC-4 section 7.5, SBC-3 section 6.5): caching without a write cache, and control with SWP. */
const pages: ReadonlyMap<number, Buffer> = new Map([
  [0x08, page(0x08, 20, {})],
  [0x0a, page(0x0a, 12, { 4: 0x08 })],
])

/** MODE SENSE(6) and (10) (SPC-4 sections 6.12 and 6.13). The header says write protected. */
export function modeSense(cdb: Buffer, unit: LogicalUnit): Outcome {
  const short = cdb.readUInt8(0) === 0x1a
  const withoutDescriptor = (cdb.readUInt8(1) & 0x08) !== 0
  const which = cdb.readUInt8(2) >> 6
  const subpage = cdb.readUInt8(3)
  if (which === control.saved) return { kind: "check", sense: sense.savingUnsupported }
  const body =
    subpage === 0 || subpage === 0xff ? pagesFor(cdb.readUInt8(2) & 0x3f, which === control.changeable) : undefined
  if (!body) return { kind: "check", sense: sense.invalidField }
  const descriptor = withoutDescriptor ? Buffer.alloc(0) : blockDescriptor(unit)
  const head = Buffer.alloc(short ? 4 : 8)
  const length = head.length + descriptor.length + body.length
  if (short) head.set([length - 1, 0, deviceSpecific, descriptor.length])
  else head.set([0, length - 2, 0, deviceSpecific, 0, 0, 0, descriptor.length])
  const room = short ? cdb.readUInt8(4) : cdb.readUInt16BE(7)
  return { kind: "data", data: Buffer.concat([head, descriptor, body]).subarray(0, room) }
}

function pagesFor(code: number, changeable: boolean): Buffer | undefined {
  const chosen = code === allPages ? [...pages.values()] : [pages.get(code)].filter((one) => one !== undefined)
  if (chosen.length === 0) return undefined
  return Buffer.concat(chosen.map((one) => (changeable ? nothingChangeable(one) : one)))
}

/** Short LBA mode parameter block descriptor. */
function blockDescriptor(unit: LogicalUnit): Buffer {
  const descriptor = Buffer.alloc(8)
  descriptor.writeUInt32BE(Math.min(unit.blocks, 0xffffffff), 0)
  descriptor.writeUIntBE(unit.blockSize, 5, 3)
  return descriptor
}

function nothingChangeable(current: Buffer): Buffer {
  const mask = Buffer.alloc(current.length)
  current.copy(mask, 0, 0, 2)
  return mask
}

function page(code: number, length: number, set: Record<number, number>): Buffer {
  const data = Buffer.alloc(length)
  data[0] = code
  data[1] = length - 2
  for (const [at, value] of Object.entries(set)) data[Number(at)] = value
  return data
}
