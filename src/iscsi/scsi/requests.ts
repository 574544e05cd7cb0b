/** The CDBs an initiator of ours sends, 16 bytes each. */
export const request = {
  /** REPORT LUNS, all units. */
  reportLuns(room: number): Buffer {
    const cdb = Buffer.alloc(16)
    cdb[0] = 0xa0
    cdb.writeUInt32BE(room, 6)
    return cdb
  },

  /** INQUIRY of one vital product data page. */
  vitalProductPage(page: number, room: number): Buffer {
    const cdb = Buffer.alloc(16)
    cdb[0] = 0x12
    cdb[1] = 1
    cdb[2] = page
    cdb.writeUInt16BE(room, 3)
    return cdb
  },

  /** READ CAPACITY(16). */
  readCapacity16(): Buffer {
    const cdb = Buffer.alloc(16)
    cdb[0] = 0x9e
    cdb[1] = 0x10
    cdb.writeUInt32BE(32, 10)
    return cdb
  },

  /** READ(16). */
  read16(block: number, blocks: number): Buffer {
    const cdb = Buffer.alloc(16)
    cdb[0] = 0x88
    cdb.writeUInt32BE(Math.floor(block / 0x1_0000_0000), 2)
    cdb.writeUInt32BE(block % 0x1_0000_0000, 6)
    cdb.writeUInt32BE(blocks, 10)
    return cdb
  },
}
