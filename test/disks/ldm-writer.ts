import { gzipSync } from "node:zlib"

/**
 * Writes what Windows' Logical Disk Manager leaves on its disks: private headers, tables of contents, the database. After
 * the description of the Linux-NTFS project (in Linux, Documentation and block/partitions/ldm.h) and libldm; nothing of the
 * reader in src is used. Checksums that neither Linux nor libldm looks at are left at 0.
 */
export interface LdmGroup {
  readonly name: string
  /** 12 digits in hexadecimal, in all its GUIDs. */
  readonly node: string
  readonly sequence: number
  readonly disks: readonly { readonly name: string; readonly sizeMiB: number; readonly table: "mbr" | "gpt" }[]
  readonly volumes: readonly LdmVolumeSpec[]
}

export interface LdmVolumeSpec {
  readonly name: string
  readonly layout: "spanned" | "striped" | "mirrored" | "raid5"
  readonly hint?: string
  /** Disks by their place in the group, from 1, and MiB there; in the volume's order. */
  readonly parts: readonly { readonly disk: number; readonly mib: number }[]
}

const sector = 512
const perMiB = 2048
const areaSectors = 2048
const slotBytes = 128
const chunkSectors = 128
/** A basic partition in front of the data, on a GPT. */
const basicSectors = 4 * perMiB
const gptDataStart = 34 + areaSectors + basicSectors

const dataStart = (table: "mbr" | "gpt") => (table === "mbr" ? 63 : gptDataStart)
const configStart = (disk: LdmGroup["disks"][number]) =>
  disk.table === "mbr" ? disk.sizeMiB * perMiB - areaSectors : 34
const dataEnd = (disk: LdmGroup["disks"][number]) => disk.sizeMiB * perMiB - (disk.table === "mbr" ? areaSectors : 34)

/** Bash that writes tables and databases to $d1, $d2...; `only` some of them, by their place from 1. */
export function ldmScript(group: LdmGroup, only: readonly number[] = group.disks.map((_, at) => at + 1)): string {
  const config = area(group)
  return only
    .map((place) => {
      const disk = group.disks[place - 1]
      if (disk === undefined) throw new Error(`the group has no disk ${place}`)
      const header = privateHeader(group, place)
      const bytes = Buffer.from(config)
      for (const at of [1856, 2047]) header.copy(bytes, at * sector)
      const target = `$d${place}`
      const table = disk.table === "mbr" ? [at(mbr(disk), target, 0), at(header, target, 6)] : [gpt(disk, target)]
      return [...table, at(bytes, target, configStart(disk))].join("\n")
    })
    .join("\n")
}

function at(bytes: Buffer, target: string, first: number): string {
  const packed = gzipSync(bytes, { level: 9 }).toString("base64")
  return `base64 -d <<<${packed} | gunzip | dd of=${target} bs=512 seek=${first} conv=notrunc status=none`
}

/** One partition of type 0x42 over all of the disk, as Windows leaves it. */
function mbr(disk: LdmGroup["disks"][number]): Buffer {
  const bytes = Buffer.alloc(sector)
  bytes[0x1c2] = 0x42
  bytes.writeUInt32LE(63, 0x1c6)
  bytes.writeUInt32LE(dataEnd(disk) - 63, 0x1ca)
  bytes.writeUInt16LE(0xaa55, 0x1fe)
  return bytes
}

function gpt(disk: LdmGroup["disks"][number], target: string): string {
  const first = 34 + areaSectors
  return `sgdisk -a 1 -n 1:34:${first - 1} -t 1:5808C8AA-7E8F-42E0-85D2-E1E90434CFB3 \\
    -n 2:${first}:${first + basicSectors - 1} -t 2:0700 \\
    -n 3:${gptDataStart}:${dataEnd(disk) - 1} -t 3:AF9B60A0-1431-4F62-BC68-3311714A69AD ${target} >/dev/null
  blockdev --rereadpt ${target}`
}

const guidOf = (group: LdmGroup, number: number) => `${String(number).padStart(8, "0")}-fbfd-11e1-8cf9-${group.node}`
const bytesOf = (guid: string) => Buffer.from(guid.replaceAll("-", ""), "hex")
const groupNumber = 1
const diskNumber = (place: number) => 100 + place
const volumeNumber = (place: number) => 200 + place

/** The header in sector 6 of an MBR disk, by its place from 1. */
export function privateHeader(group: LdmGroup, place: number): Buffer {
  const disk = group.disks[place - 1]
  if (disk === undefined) throw new Error(`the group has no disk ${place}`)
  const bytes = Buffer.alloc(sector)
  bytes.write("PRIVHEAD", 0)
  bytes.writeUInt16BE(2, 0x0c)
  bytes.writeUInt16BE(12, 0x0e)
  bytes.write(guidOf(group, diskNumber(place)), 0x30)
  bytes.write("1b77da20-c717-11d0-a5be-00a0c91db73c", 0x70)
  bytes.write(guidOf(group, groupNumber), 0xb0)
  bytes.write(group.name, 0xf0)
  const start = dataStart(disk.table)
  const numbers = [start, dataEnd(disk) - start, configStart(disk), areaSectors, 4, 2045, 1]
  for (const [index, value] of numbers.entries()) bytes.writeBigUInt64BE(BigInt(value), 0x11b + 8 * index)
  return bytes
}

/** The area of 1 MiB with the database, without headers. */
export function area(group: LdmGroup): Buffer {
  const bytes = Buffer.alloc(areaSectors * sector)
  for (const place of [1, 2, 2045, 2046]) tableOfContents().copy(bytes, place * sector)
  const records = recordsOf(group)
  const head = Buffer.alloc(sector)
  head.write("VMDB", 0)
  head.writeUInt32BE(4 + records.length * 2, 4)
  head.writeUInt32BE(slotBytes, 8)
  head.writeUInt32BE(sector, 0x0c)
  for (const [index, value] of [1, 4, 10].entries()) head.writeUInt16BE(value, 0x10 + 2 * index)
  head.write(group.name, 0x16)
  head.write(guidOf(group, groupNumber), 0x35)
  for (const offset of [0x75, 0x7d]) head.writeBigUInt64BE(BigInt(group.sequence), offset)
  const count = (kind: number) => records.filter((record) => (record[3] ?? 0) % 16 === kind).length
  for (const [index, kind] of [1, 2, 3, 4].entries()) head.writeUInt32BE(count(kind), 0x85 + 4 * index)
  head.copy(bytes, 17 * sector)
  slots(records).copy(bytes, 18 * sector)
  return bytes
}

function tableOfContents(): Buffer {
  const bytes = Buffer.alloc(sector)
  bytes.write("TOCBLOCK", 0)
  for (const [offset, name, start, size] of [
    [0x24, "config", 17, 1481],
    [0x46, "log", 1498, 224],
  ] as const) {
    bytes.write(name, offset)
    bytes.writeBigUInt64BE(BigInt(start), offset + 10)
    bytes.writeBigUInt64BE(BigInt(size), offset + 18)
  }
  return bytes
}

/** Records cut into slots; one that is longer takes several, and its last part stands far from its first. */
function slots(records: readonly Buffer[]): Buffer {
  const room = slotBytes - 16
  const cut = records.map((record) =>
    Array.from({ length: Math.ceil(record.length / room) }, (_, part) =>
      record.subarray(part * room, (part + 1) * room),
    ),
  )
  const order = [0, 1, 2].flatMap((part) =>
    cut.flatMap((pieces, id) => {
      const piece = pieces[part]
      return piece === undefined ? [] : [{ id: id + 1, part, parts: pieces.length, piece }]
    }),
  )
  return Buffer.concat(
    order.map(({ id, part, parts, piece }, index) => {
      const slot = Buffer.alloc(slotBytes)
      slot.write("VBLK", 0)
      slot.writeUInt32BE(4 + index, 4)
      slot.writeUInt32BE(id, 8)
      slot.writeUInt16BE(part, 12)
      slot.writeUInt16BE(parts, 14)
      piece.copy(slot, 16)
      return slot
    }),
  )
}

const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value, "latin1")])
const u64 = (value: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}
/** As few bytes as it needs, behind their number. */
const number = (value: number) => {
  const bytes = u64(value)
  const first = bytes.findIndex((byte) => byte !== 0)
  const short = bytes.subarray(first < 0 ? 7 : first)
  return Buffer.concat([Buffer.from([short.length]), short])
}

function record(kind: number, flags: number, ...fields: Buffer[]): Buffer {
  const body = Buffer.concat(fields)
  const head = Buffer.alloc(8)
  head[2] = flags
  head[3] = kind
  head.writeUInt32BE(body.length, 4)
  return Buffer.concat([head, body])
}

function recordsOf(group: LdmGroup): Buffer[] {
  const disks = group.disks.map(({ name }, at) =>
    record(
      0x44,
      0,
      number(10 + at),
      text(name),
      bytesOf(guidOf(group, diskNumber(at + 1))),
      Buffer.alloc(16 + 4),
      u64(1),
    ),
  )
  const next = group.disks.map(({ table }) => (table === "mbr" ? 65 : 94))
  const volumes = group.volumes.flatMap((volume, at) => volumeRecords(group, volume, at + 1, next))
  const own = record(
    0x45,
    0,
    number(1),
    text(group.name),
    bytesOf(guidOf(group, groupNumber)),
    Buffer.alloc(16 + 4),
    u64(1),
  )
  return [...volumes, own, ...disks].toReversed() // children before those they belong to: no order is promised
}

/** `next`: where each disk is free, in sectors from the begin of its data. */
function volumeRecords(group: LdmGroup, spec: LdmVolumeSpec, place: number, next: number[]): Buffer[] {
  const { name, layout, hint, parts } = spec
  const id = 1000 * place
  const mib = parts.map((part) => part.mib)
  const sum = mib.reduce((a, b) => a + b, 0)
  const size = { spanned: sum, striped: sum, mirrored: mib[0] ?? 0, raid5: (mib[0] ?? 0) * (parts.length - 1) }[layout]
  const plexes = layout === "mirrored" ? parts.map((part) => [part]) : [parts]
  const kind = { spanned: 2, mirrored: 2, striped: 1, raid5: 3 }[layout]
  const volume = record(
    0x51,
    hint === undefined ? 0 : 0x02,
    number(id),
    text(name),
    text(layout === "raid5" ? "raid5" : "gen"),
    text("8000000000000000"),
    Buffer.from("ACTIVE".padEnd(14, "\0")),
    Buffer.from([layout === "raid5" ? 4 : 3, 0, place, 0, 0, 0, 0]),
    number(plexes.length),
    u64(1),
    u64(place),
    number(size * perMiB),
    Buffer.from([0, 0, 0, 0, 7]),
    bytesOf(guidOf(group, volumeNumber(place))),
    ...(hint === undefined ? [] : [text(hint)]),
  )
  const children = plexes.flatMap((plex, index) => {
    const component = id + 100 * (index + 1)
    let offset = 0
    const pieces = plex.map(({ disk, mib }, column) => {
      const start = next[disk - 1] ?? 0
      next[disk - 1] = start + mib * perMiB
      const inVolume = layout === "spanned" ? offset : 0
      offset += mib * perMiB
      return record(
        0x33,
        kind === 2 ? 0 : 0x08,
        number(component + column + 1),
        text(`${group.disks[disk - 1]?.name}-${place}${column}`),
        Buffer.alloc(4),
        u64(1),
        u64(start),
        u64(inVolume),
        number(mib * perMiB),
        number(component),
        number(10 + disk - 1),
        ...(kind === 2 ? [] : [number(column)]),
      )
    })
    const head = record(
      0x32,
      kind === 2 ? 0 : 0x10,
      number(component),
      text(`${name}-0${index + 1}`),
      text("ACTIVE"),
      Buffer.from([kind, 0, 0, 0, 0]),
      number(pieces.length),
      u64(1),
      Buffer.alloc(8),
      number(id),
      Buffer.alloc(1),
      ...(kind === 2 ? [] : [number(chunkSectors), number(pieces.length)]),
    )
    return [head, ...pieces]
  })
  return [volume, ...children]
}
