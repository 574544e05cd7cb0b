/** Everything that would change the medium or its reservations (SPC-4, SBC-3), by operation code. */
const writeOpcodes: ReadonlySet<number> = new Set([
  0x04, // FORMAT UNIT
  0x07, // REASSIGN BLOCKS
  0x0a, // WRITE(6)
  0x2a, // WRITE(10)
  0xaa, // WRITE(12)
  0x8a, // WRITE(16)
  0x2e, // WRITE AND VERIFY(10)
  0xae, // WRITE AND VERIFY(12)
  0x8e, // WRITE AND VERIFY(16)
  0x3b, // WRITE BUFFER
  0x3f, // WRITE LONG(10)
  0x41, // WRITE SAME(10)
  0x93, // WRITE SAME(16)
  0x42, // UNMAP
  0x48, // SANITIZE
  0x51, // XPWRITE(10)
  0x53, // XDWRITEREAD(10)
  0x5f, // PERSISTENT RESERVE OUT
  0x83, // EXTENDED COPY
  0x89, // COMPARE AND WRITE
  0x8b, // ORWRITE(16)
  0x9c, // WRITE ATOMIC(16)
])

const serviceActionOut16 = 0x9f
const writeLong16 = 0x11

/** Whether a command asks for a write of any kind; all of them end with 07/27/00 and are counted. */
export function isWrite(cdb: Buffer): boolean {
  const operation = cdb.readUInt8(0)
  if (operation === serviceActionOut16) return (cdb.readUInt8(1) & 0x1f) === writeLong16
  return writeOpcodes.has(operation)
}
