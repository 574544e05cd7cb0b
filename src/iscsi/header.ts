import { flag } from "./opcode.ts"

/** Bytes of a Basic Header Segment (RFC 7143 section 11.2.1). */
export const headerBytes = 48

/** The reserved task tag: "no task", "no answer wanted". */
export const noTag = 0xffffffff

/** Byte offsets of the fields that nearly all PDUs share. */
export const field = {
  lun: 8,
  isid: 8,
  tsih: 14,
  tag: 16,
  transferTag: 20,
  expectedLength: 20,
  sequence: 24,
  expected: 28,
  maxCmdSn: 32,
} as const

/** A header with its operation code, second byte and initiator task tag set; all else is zero. */
export function newHeader(operation: number, flags: number, tag: number): Buffer {
  const header = Buffer.alloc(headerBytes)
  header[0] = operation
  header[1] = flags
  header.writeUInt32BE(tag >>> 0, field.tag)
  return header
}

/** The operation code, without the immediate bit. */
export function operationOf(header: Buffer): number {
  return header.readUInt8(0) & 0x3f
}

/** Length of the data segment in bytes, padding not counted. */
export function dataLengthOf(header: Buffer): number {
  return header.readUIntBE(5, 3)
}

/** Length of the additional header segments in bytes, at most 1020. */
export function additionalLengthOf(header: Buffer): number {
  return header.readUInt8(4) * 4
}

/** Zero bytes that follow a data segment of this length (segments end on a multiple of four). */
export function paddingFor(length: number): number {
  return -length & 3
}

/** One buffer that holds the whole PDU; the header's length field is set from `data`. */
export function encodePdu(header: Buffer, data?: Buffer): Buffer {
  const length = data?.length ?? 0
  header.writeUIntBE(length, 5, 3)
  if (!data || length === 0) return header
  const pdu = Buffer.alloc(headerBytes + length + paddingFor(length))
  header.copy(pdu)
  data.copy(pdu, headerBytes)
  return pdu
}

/** Signed distance from `b` to `a` in 32-bit serial number arithmetic (RFC 1982): negative when `a` is older. */
export function serialDistance(a: number, b: number): number {
  return (a - b) | 0
}

/** The next 32-bit serial number. */
export function nextSerial(serial: number): number {
  return (serial + 1) >>> 0
}

/** Writes residual count and flags (section 11.4.5): what the initiator expected against what the command had to give. */
export function setResidual(header: Buffer, expected: number, available: number): void {
  const residual = available - expected
  if (residual === 0) return
  header[1] = header.readUInt8(1) | (residual > 0 ? flag.overflow : flag.underflow)
  header.writeUInt32BE(Math.abs(residual) >>> 0, 44)
}
