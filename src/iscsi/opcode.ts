/** Operation codes: the low six bits of a PDU's first byte (RFC 7143 section 11.2.1.2). */
export const opcode = {
  nopOut: 0x00,
  scsiCommand: 0x01,
  taskManagementRequest: 0x02,
  loginRequest: 0x03,
  textRequest: 0x04,
  dataOut: 0x05,
  logoutRequest: 0x06,
  snack: 0x10,
  nopIn: 0x20,
  scsiResponse: 0x21,
  taskManagementResponse: 0x22,
  loginResponse: 0x23,
  textResponse: 0x24,
  dataIn: 0x25,
  logoutResponse: 0x26,
  r2t: 0x31,
  asyncMessage: 0x32,
  reject: 0x3f,
} as const

/** The bit of byte 0 that lets a request pass the command window: it doesn't take a CmdSN (section 4.2.2.1). */
export const immediate = 0x40

/** Bits of byte 1. `final` is also "transit" in login PDUs, `continues` the C bit of login and text PDUs. */
export const flag = {
  final: 0x80,
  continues: 0x40,
  read: 0x40,
  write: 0x20,
  overflow: 0x04,
  underflow: 0x02,
  status: 0x01,
} as const

/** Why a PDU is answered with Reject (section 11.17.1). */
export const rejectReason = { protocolError: 0x04, notSupported: 0x05, invalidField: 0x09 } as const

/** Event codes of an Asynchronous Message (section 11.9.1). */
export const asyncEvent = { logoutRequested: 1 } as const
