import { FieldReader, LdmError } from "./reader.ts"
import { type LdmRecord, parseRecord } from "./records.ts"

/** What the database on one dynamic disk says of the whole group of disks. Names are the disks' own: escape before showing. */
export interface LdmDatabase {
  /** Rises with every change; disks of a group that were changed together have the same. */
  readonly sequence: number
  readonly groupName: string
  readonly disks: readonly Extract<LdmRecord, { type: "disk" }>[]
  readonly volumes: readonly LdmVolume[]
}

export interface LdmVolume {
  readonly name: string
  readonly guid: string
  readonly sectors: number
  readonly hint?: string
  /** Copies of the same content; more than one is a mirror. None when the database contradicts itself. */
  readonly plexes: readonly LdmPlex[]
}

export interface LdmPlex {
  readonly layout: "striped" | "spanned" | "raid5"
  /** Not said to be stale or detached. */
  readonly active: boolean
  readonly chunkSectors: number
  /** In the order of the columns of stripes; else as they follow one another in the volume. */
  readonly extents: readonly LdmExtent[]
}

/** A piece of a disk. Sectors are of 512 bytes. */
export interface LdmExtent {
  /** The disk's id in this database. */
  readonly disk: number
  /** From the begin of the disk's data. */
  readonly start: number
  readonly volumeOffset: number
  readonly sectors: number
}

const sectorBytes = 512
const maxRecords = 8192
/** Windows cuts names to fit into 4; libldm takes any number. */
const maxParts = 16

/**
 * The database out of the area that a disk's header names (its `configSize` sectors). Throws LdmError for what is no
 * database, was being written, or is of another version than 4.10.
 */
export function parseDatabase(area: Buffer): LdmDatabase {
  const at = findConfig(area) * sectorBytes
  const fields = new FieldReader(area, at)
  if (fields.take(4).toString("latin1") !== "VMDB") throw new LdmError("its database is not where its header says")
  const slotBytes = fields.skip(4).u32()
  const firstSlot = fields.u32()
  const [status, major, minor] = [fields.u16(), fields.u16(), fields.u16()]
  if (status !== 1) throw new LdmError("its database was being changed")
  if (major !== 4 || minor !== 10) throw new LdmError(`its database has version ${major}.${minor}, which is not known`)
  const groupName = fields.fixedText(31)
  const sequence = fields.skip(64).u64()
  if (slotBytes < 32 || slotBytes > 4096) throw new LdmError("the records of its database have an impossible size")
  const records = [...joinSlots(area, at + firstSlot, slotBytes)].map(parseRecord)
  return { sequence, ...describe(groupName, records) }
}

/** Where the database begins, in sectors of the area, by the first table of contents that is sound: two in front, two at the end. */
function findConfig(area: Buffer): number {
  const end = Math.floor(area.length / sectorBytes)
  for (const sector of [1, 2, end - 3, end - 2]) {
    const table = area.subarray(sector * sectorBytes, (sector + 1) * sectorBytes)
    if (table.toString("latin1", 0, 8) !== "TOCBLOCK") continue
    for (const bitmap of [0x24, 0x46]) {
      const fields = new FieldReader(table, bitmap)
      if (fields.fixedText(8) !== "config") continue
      const start = fields.skip(2).u64()
      if (start < end) return start
    }
  }
  throw new LdmError("its database has no table of contents")
}

/** The records, each put together of its slots (VBLK), in the order of their first ones. */
function* joinSlots(area: Buffer, first: number, slotBytes: number): Generator<Buffer> {
  const cut = new Map<number, (Buffer | undefined)[]>()
  let count = 0
  for (let at = first; at + slotBytes <= area.length; at += slotBytes) {
    const fields = new FieldReader(area, at)
    if (fields.take(4).toString("latin1") !== "VBLK") break
    if (++count > maxRecords) throw new LdmError("its database has more records than any")
    const id = fields.skip(4).u32()
    const [part, parts] = [fields.u16(), fields.u16()]
    const content = area.subarray(at + 16, at + slotBytes)
    if (parts <= 1) {
      yield content
      continue
    }
    if (parts > maxParts || part >= parts)
      throw new LdmError("a record of its database has an impossible number of parts")
    const pieces = cut.get(id) ?? Array.from({ length: parts }, () => undefined)
    if (pieces.length !== parts || pieces[part] !== undefined)
      throw new LdmError("parts of a record contradict each other")
    pieces[part] = content
    cut.set(id, pieces)
  }
  for (const pieces of cut.values()) {
    const whole = pieces.filter((piece) => piece !== undefined)
    if (whole.length !== pieces.length) throw new LdmError("a part of a record is missing")
    yield Buffer.concat(whole)
  }
}

type OfType<T extends LdmRecord["type"]> = Extract<LdmRecord, { type: T }>

function describe(groupName: string, records: readonly (LdmRecord | undefined)[]): Omit<LdmDatabase, "sequence"> {
  const all = <T extends LdmRecord["type"]>(type: T) =>
    records.filter((record): record is OfType<T> => record?.type === type)
  const [partitions, components] = [all("partition"), all("component")]
  const group = all("group")[0]
  const volumes = all("volume").map((volume): LdmVolume => {
    const plexes = components
      .filter(({ parent }) => parent === volume.id)
      .sort((a, b) => a.id - b.id)
      .map((component) => plexOf(component, partitions))
    const isWhole = plexes.length === volume.children && plexes.every((plex) => plex !== undefined)
    const { name, guid, sectors, hint } = volume
    return { name, guid, sectors, ...(hint === undefined ? {} : { hint }), plexes: isWhole ? plexes : [] }
  })
  return { groupName: group?.name ?? groupName, disks: all("disk"), volumes }
}

/** Nothing where the numbers of its parts, or their places, contradict what is said of it. */
function plexOf(component: OfType<"component">, partitions: readonly OfType<"partition">[]): LdmPlex | undefined {
  const { id, layout, children, columns, chunkSectors, state } = component
  const parts = partitions.filter(({ parent }) => parent === id)
  if (parts.length !== children || parts.length === 0) return undefined
  const key = layout === "spanned" ? "volumeOffset" : "column"
  const sorted = parts.toSorted((a, b) => a[key] - b[key])
  const extents = sorted.map(({ disk, start, volumeOffset, sectors }) => ({ disk, start, volumeOffset, sectors }))
  const plex: LdmPlex = { layout, active: !/stale|detach|remov|fail|iofail/i.test(state), chunkSectors, extents }
  return isSound(plex, sorted, columns) ? plex : undefined
}

function isSound(
  { layout, chunkSectors, extents }: LdmPlex,
  parts: readonly OfType<"partition">[],
  columns: number,
): boolean {
  if (extents.some(({ sectors }) => sectors === 0)) return false
  if (layout === "spanned") {
    let end = 0
    return extents.every(({ volumeOffset, sectors }) => {
      const follows = volumeOffset === end
      end += sectors
      return follows
    })
  }
  const isPower = chunkSectors > 0 && Number.isInteger(Math.log2(chunkSectors))
  const inOrder = parts.every(({ column }, index) => column === index)
  return isPower && inOrder && columns === parts.length && parts.length >= (layout === "raid5" ? 3 : 2)
}
