import { FieldReader, LdmError } from "./reader.ts"

/** What a database consists of. Names and states are the disks' own, in Latin-1: escape before showing. */
export type LdmRecord =
  | {
      readonly type: "volume"
      readonly id: number
      readonly name: string
      readonly guid: string
      readonly children: number
      readonly sectors: number
      /** The drive letter it had, `D:`; where Windows has kept it. */
      readonly hint?: string
    }
  | {
      readonly type: "component"
      readonly id: number
      readonly state: string
      readonly layout: "striped" | "spanned" | "raid5"
      readonly children: number
      readonly parent: number
      readonly chunkSectors: number
      readonly columns: number
    }
  | {
      readonly type: "partition"
      readonly id: number
      readonly name: string
      /** From the begin of the disk's data. */
      readonly start: number
      readonly volumeOffset: number
      readonly sectors: number
      readonly parent: number
      readonly disk: number
      readonly column: number
    }
  | { readonly type: "disk"; readonly id: number; readonly name: string; readonly guid: string }
  | { readonly type: "group"; readonly id: number; readonly name: string }

const layouts = ["striped", "spanned", "raid5"] as const

/**
 * A record (of one VBLK or of several, put together), or nothing for a free one and for kinds that describe no volume.
 * Layout: Linux, block/partitions/ldm.c; libldm, src/ldm.c. Throws LdmError.
 */
export function parseRecord(bytes: Buffer): LdmRecord | undefined {
  const head = new FieldReader(bytes)
  const flags = head.skip(2).u8()
  const kind = head.u8()
  const fields = head.skip(4)
  switch (kind) {
    case 0x51:
      return volume(fields, flags)
    case 0x32:
      return component(fields, flags)
    case 0x33:
      return partition(fields, flags)
    case 0x34:
      return { type: "disk", id: fields.number(), name: fields.text(), guid: fields.text().toLowerCase() }
    case 0x44:
      return { type: "disk", id: fields.number(), name: fields.text(), guid: binaryGuid(fields.take(16)) }
    case 0x35:
    case 0x45:
      return { type: "group", id: fields.number(), name: fields.text() }
    default:
      return undefined
  }
}

function volume(fields: FieldReader, flags: number): LdmRecord {
  const [id, name] = [fields.number(), fields.text()]
  fields.text() // gen, raid5: its components say it, too
  fields.text() // 8000000000000000
  fields.skip(14 + 1 + 1 + 1 + 3 + 1) // state, kind, number, flags
  const children = fields.number()
  const sectors = fields.skip(8 + 8).number()
  const guid = binaryGuid(fields.skip(4 + 1).take(16)) // behind the type that its partition would have
  if (flags & 0x08) fields.text()
  if (flags & 0x20) fields.text()
  if (flags & 0x80) fields.number()
  const hint = flags & 0x02 ? fields.text() : ""
  return { type: "volume", id, name, guid, children, sectors, ...(hint === "" ? {} : { hint }) }
}

function component(fields: FieldReader, flags: number): LdmRecord {
  const id = fields.number()
  fields.text() // name
  const state = fields.text()
  const layout = layouts[fields.u8() - 1]
  if (layout === undefined) throw new LdmError("a volume has a layout that is not known")
  const children = fields.skip(4).number()
  const parent = fields.skip(8 + 8).number()
  fields.skip(1)
  const hasStripes = (flags & 0x10) !== 0
  const [chunkSectors, columns] = hasStripes ? [fields.number(), fields.number()] : [0, 0]
  return { type: "component", id, state, layout, children, parent, chunkSectors, columns }
}

function partition(fields: FieldReader, flags: number): LdmRecord {
  const [id, name] = [fields.number(), fields.text()]
  const [start, volumeOffset] = [fields.skip(4 + 8).u64(), fields.u64()]
  const [sectors, parent, disk] = [fields.number(), fields.number(), fields.number()]
  const column = flags & 0x08 ? fields.number() : 0
  return { type: "partition", id, name, start, volumeOffset, sectors, parent, disk, column }
}

/** GUIDs as bytes are in the order of their text. */
function binaryGuid(bytes: Buffer): string {
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")
}
