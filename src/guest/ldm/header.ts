import { FieldReader, LdmError } from "./reader.ts"

/** Sectors are of 512 bytes, counted from the disk's begin. */
export interface LdmHeader {
  readonly diskId: string
  readonly groupId: string
  /** What partitions of the database are counted from. */
  readonly dataStart: number
  readonly configStart: number
  readonly configSize: number
}

/** Windows makes 2,048 sectors. */
const maxConfigSectors = 8192
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * The private header (PRIVHEAD) of a dynamic disk: where its data and its database are. Versions 2.11 (Windows 2000 to 2003)
 * and 2.12 (since Vista). Layout: Linux, block/partitions/ldm.c; libldm, src/ldm.c. Throws LdmError.
 */
export function parseHeader(sector: Buffer): LdmHeader {
  const fields = new FieldReader(sector)
  if (fields.take(8).toString("latin1") !== "PRIVHEAD") throw new LdmError("it has no private header")
  const [major, minor] = [fields.skip(4).u16(), fields.u16()]
  if (major !== 2 || (minor !== 11 && minor !== 12)) throw new LdmError(`version ${major}.${minor} is not known`)
  const diskId = fields.skip(32).fixedText(64).toLowerCase()
  const groupId = fields.skip(64).fixedText(64).toLowerCase()
  const dataStart = fields.skip(32 + 11).u64()
  const configStart = fields.skip(8).u64()
  const configSize = fields.u64()
  if (!guid.test(diskId) || !guid.test(groupId)) throw new LdmError("its private header has no GUIDs")
  if (configSize < 32 || configSize > maxConfigSectors)
    throw new LdmError(`its database is said to have ${configSize} sectors`)
  return { diskId, groupId, dataStart, configStart, configSize }
}
