/** Sense key, additional sense code and qualifier (SPC-4 section 4.5), with the words for people. */
export interface Sense {
  readonly key: number
  readonly code: number
  readonly qualifier: number
  readonly text: string
}

/** The sense data this target gives. */
export const sense = {
  none: { key: 0x0, code: 0x00, qualifier: 0, text: "no sense" },
  mediumError: { key: 0x3, code: 0x11, qualifier: 0, text: "unrecovered read error" },
  invalidOpcode: { key: 0x5, code: 0x20, qualifier: 0, text: "invalid command operation code" },
  outOfRange: { key: 0x5, code: 0x21, qualifier: 0, text: "logical block address out of range" },
  invalidField: { key: 0x5, code: 0x24, qualifier: 0, text: "invalid field in CDB" },
  noSuchUnit: { key: 0x5, code: 0x25, qualifier: 0, text: "logical unit not supported" },
  savingUnsupported: { key: 0x5, code: 0x39, qualifier: 0, text: "saving parameters not supported" },
  powerOn: { key: 0x6, code: 0x29, qualifier: 0, text: "power on, reset, or bus device reset occurred" },
  unitReset: { key: 0x6, code: 0x29, qualifier: 3, text: "bus device reset function occurred" },
  writeProtected: { key: 0x7, code: 0x27, qualifier: 0, text: "write protected" },
} as const satisfies Record<string, Sense>

/** SAM-5 status codes. */
export const status = { good: 0x00, checkCondition: 0x02, busy: 0x08, taskSetFull: 0x28 } as const

/** Sense key of a unit attention: the command wasn't tried and can be sent again. */
export const unitAttention = 0x6

/** Current error in fixed format, 18 bytes (SPC-4 section 4.5.3). */
export function fixedSense(what: Sense): Buffer {
  const data = Buffer.alloc(18)
  data[0] = 0x70
  data[2] = what.key
  data[7] = data.length - 8
  data[12] = what.code
  data[13] = what.qualifier
  return data
}

/** The same in descriptor format without descriptors, 8 bytes (SPC-4 section 4.5.2). */
export function descriptorSense(what: Sense): Buffer {
  return Buffer.of(0x72, what.key, what.code, what.qualifier, 0, 0, 0, 0)
}

/** Reads sense data of either format; what is too short or of no known format reads as "no sense". */
export function parseSense(data: Buffer): Sense {
  const format = data.length > 0 ? data.readUInt8(0) & 0x7f : 0
  if ((format === 0x70 || format === 0x71) && data.length >= 14) {
    return named(data.readUInt8(2) & 0x0f, data.readUInt8(12), data.readUInt8(13))
  }
  if ((format === 0x72 || format === 0x73) && data.length >= 4) {
    return named(data.readUInt8(1) & 0x0f, data.readUInt8(2), data.readUInt8(3))
  }
  return sense.none
}

function named(key: number, code: number, qualifier: number): Sense {
  const known = Object.values<Sense>(sense).find(
    (one) => one.key === key && one.code === code && one.qualifier === qualifier,
  )
  const digits = [key, code, qualifier].map((part) => part.toString(16).padStart(2, "0")).join("/")
  return known ?? { key, code, qualifier, text: `sense ${digits}` }
}
