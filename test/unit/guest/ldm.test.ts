import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { assembleCatalogue } from "../../../src/guest/assemble.ts"
import { parseDatabase } from "../../../src/guest/ldm/database.ts"
import type { DynamicDisks } from "../../../src/guest/ldm/discover.ts"
import { type DynamicDisk, dynamicGroups } from "../../../src/guest/ldm/groups.ts"
import { parseHeader } from "../../../src/guest/ldm/header.ts"
import { LdmError } from "../../../src/guest/ldm/reader.ts"
import { mappings } from "../../../src/guest/ldm/tables.ts"
import { parseProbe } from "../../../src/guest/probe-answer.ts"
import { area, type LdmGroup, type LdmVolumeSpec, privateHeader } from "../../disks/ldm-writer.ts"
import { answer, tag } from "../../support/guest/probe-answers.ts"

const on = (...disks: number[]) => disks.map((disk) => ({ disk, mib: 2 }))
const mirror: LdmVolumeSpec = { name: "Volume1", layout: "mirrored", parts: on(1, 2) }
const raid: LdmVolumeSpec = { name: "Volume1", layout: "raid5", parts: on(1, 2, 3) }
const span: LdmVolumeSpec = { name: "Volume1", layout: "spanned", hint: "E:", parts: on(2, 1, 2) }

const groupOf = (volumes: readonly LdmVolumeSpec[], sequence = 7, node = "525400000001"): LdmGroup => ({
  name: "SHOP-Dg0",
  node,
  sequence,
  disks: ["Disk1", "Disk2", "Disk3"].map((name) => ({ name, sizeMiB: 16, table: "mbr" })),
  volumes,
})

/** The disk at that place of the group, as the guest has it. */
const disk = (group: LdmGroup, place: number, node = `sd${"abc"[place - 1]}`): DynamicDisk => ({
  node,
  sectors: 16 * 2048,
  header: parseHeader(privateHeader(group, place)),
  database: parseDatabase(area(group)),
  data: [],
})

const dynamicVolumes = (disks: readonly DynamicDisk[]) => dynamicGroups(disks).flatMap(({ volumes }) => volumes)

const tables = (disks: readonly DynamicDisk[]) =>
  dynamicVolumes(disks).map(({ uuid, source }) =>
    "why" in source
      ? source.why
      : mappings(uuid, source)
          .map(({ table }) => table)
          .join("; "),
  )

const begin = 63 + 65
const column = (node: string) => `0 4096 linear /dev/${node} ${begin}`

describe("tables for device-mapper", () => {
  test("spanned: pieces in the volume's order, wherever they are", () => {
    const group = groupOf([span])
    expect(tables([disk(group, 1), disk(group, 2)])).toEqual([
      `0 4096 linear /dev/sdb ${begin}\n4096 4096 linear /dev/sda ${begin}\n8192 4096 linear /dev/sdb ${begin + 4096}`,
    ])
    expect(dynamicVolumes([disk(group, 1)])).toMatchObject([
      { layout: "spanned", hint: "E:", missing: ["Disk2"], on: ["sda"], source: { why: "" } },
    ])
  })

  test("striped", () => {
    const group = groupOf([{ name: "Stripe1", layout: "striped", parts: on(2, 1) }])
    expect(tables([disk(group, 1), disk(group, 2)])).toEqual([
      `0 8192 striped 2 128 /dev/sdb ${begin} /dev/sda ${begin}`,
    ])
  })

  test("RAID-5, without a resync, whole and with one disk missing; two are too many", () => {
    const group = groupOf([raid])
    const [volume] = dynamicVolumes([disk(group, 1)])
    const names = [0, 1, 2].map((at) => `/dev/mapper/${volume?.uuid}-column${at}`)
    const all = [disk(group, 1), disk(group, 2), disk(group, 3)]
    expect(tables(all)).toEqual([
      [
        ...["sda", "sdb", "sdc"].map(column),
        `0 8192 raid raid5_ls 2 128 nosync 3 - ${names[0]} - ${names[1]} - ${names[2]}`,
      ].join("; "),
    ])
    expect(tables(all.toSpliced(1, 1))).toEqual([
      [column("sda"), column("sdc"), `0 8192 raid raid5_ls 2 128 nosync 3 - ${names[0]} - - - ${names[2]}`].join("; "),
    ])
    expect(tables(all.slice(2))).toEqual([""])
  })

  test("what lies in a data partition of a GPT is read through it", () => {
    const group = groupOf([{ name: "Volume1", layout: "spanned", parts: on(1) }])
    const data = [{ node: "sda3", start: 63, sectors: 16 * 2048 - 100 }]
    expect(tables([{ ...disk(group, 1), data }])).toEqual(["0 4096 linear /dev/sda3 65"])
  })

  test("a disk that is smaller than it was", () => {
    const group = groupOf([{ name: "Volume1", layout: "spanned", parts: on(1) }])
    expect(tables([{ ...disk(group, 1), sectors: 4000 }])).toEqual([
      "It reaches beyond the end of its disk, which was larger.",
    ])
  })
})

describe("which disks count", () => {
  const [older, newer] = [
    (volume: LdmVolumeSpec) => groupOf([volume], 7),
    (volume: LdmVolumeSpec) => groupOf([volume], 8),
  ]

  test("of a mirror the half that was not away, wherever it stands", () => {
    expect(tables([disk(older(mirror), 1), disk(newer(mirror), 2)])).toEqual([column("sdb")])
    expect(tables([disk(newer(mirror), 1), disk(older(mirror), 2)])).toEqual([column("sda")])
    expect(tables([disk(older(mirror), 1)])).toEqual([column("sda")])
  })

  test("of RAID-5 all but the one that was away; when one is missing, that one as well", () => {
    const disks = [disk(newer(raid), 1), disk(older(raid), 2), disk(newer(raid), 3)]
    expect(tables(disks)[0]).not.toContain("/dev/sdb")
    expect(tables(disks.slice(0, 2))[0]).toContain("/dev/sdb")
  })

  test("a disk whose own database is damaged is read by that of another; without one there is no group", () => {
    const group = groupOf([mirror])
    const { database: _, ...damaged } = disk(group, 1)
    expect(tables([damaged, disk(group, 2)])[0]).toBe(column("sda"))
    expect(dynamicGroups([damaged])).toEqual([])
  })

  test("a copy of a disk, and another machine's group of the same name, are groups of their own", () => {
    const simple: LdmVolumeSpec = { name: "Volume1", layout: "spanned", parts: on(1) }
    const group = groupOf([simple])
    const other = groupOf([simple], 7, "525400000002")
    const found = dynamicVolumes([disk(group, 1), disk(group, 1, "sdb"), disk(other, 1, "sdc")])
    expect(found.map(({ uuid, on }) => [uuid, ...on])).toEqual([
      ["LDM-00000201-fbfd-11e1-8cf9-525400000001", "sda"],
      ["LDM-00000201-fbfd-11e1-8cf9-525400000001-2", "sdb"],
      ["LDM-00000201-fbfd-11e1-8cf9-525400000002", "sdc"],
    ])
  })
})

describe("databases of an enemy", () => {
  const group = groupOf([raid, { ...mirror, name: "m".repeat(80) }, { ...span, name: "s" }])
  const sound = area(group)
  const used = 30 * 512
  const look = (bytes: Buffer) => {
    try {
      const header = parseHeader(privateHeader(group, 1))
      tables([{ ...disk(group, 1), header, database: parseDatabase(bytes) }])
      return "read"
    } catch (error) {
      if (error instanceof LdmError) return "refused"
      throw error
    }
  }

  test("changed bytes are refused or read, never anything else", () => {
    const change = fc.tuple(fc.integer({ min: 512, max: used }), fc.integer({ min: 0, max: 255 }))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 20 }), (changes) => {
        const bytes = Buffer.from(sound)
        for (const [at, value] of changes) bytes[at] = value
        expect(look(bytes)).toMatch(/^(read|refused)$/)
      }),
      { numRuns: 100 },
    )
  })

  test("a header of any bytes, too", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 500, maxLength: 500 }), (noise) => {
        expect(() => parseHeader(Buffer.concat([Buffer.from("PRIVHEAD\0\0\0\0\0\x02\0\x0c"), noise]))).toThrow(LdmError)
      }),
    )
  })

  test.each([
    ["nothing", Buffer.alloc(sound.length), "no table of contents"],
    ["an older version", patched(17 * 512 + 0x12, 3), "version 3.10"],
    ["a transaction", patched(17 * 512 + 0x10, 2), "was being changed"],
    ["records of 8 bytes", patched(17 * 512 + 0x0a, 0), "impossible size"],
  ])("%s", (_, bytes, words) => {
    expect(() => parseDatabase(bytes)).toThrow(words)
  })

  function patched(at: number, value: number): Buffer {
    const bytes = Buffer.from(sound)
    bytes.writeUInt16BE(value, at)
    return bytes
  }

  test("a volume whose parts are not all there is named, and not put together", () => {
    const bytes = Buffer.from(sound)
    bytes[18 * 512 + 4 * 128 + 16 + 3] = 0 // the slot of the last piece of volume s is free
    const volumes = dynamicVolumes([{ ...disk(group, 1), database: parseDatabase(bytes) }])
    expect(volumes.filter(({ source }) => "why" in source && source.why !== "")).toMatchObject([
      { name: "s", source: { why: "The database of its disks contradicts itself." } },
    ])
  })
})

describe("the catalogue", () => {
  const nodes = [
    "disk sda 32768 0:0:0:0",
    "part sda1 4096 sda 1 128",
    "disk sdb 32768 0:0:1:0",
    "part sdb1 4096 sdb 1 128",
  ]
  const blkid = ["sda1", "sdb1"].map((name) => `DEVNAME=/dev/${name} TYPE=ntfs`)
  const found = parseProbe(answer({ nodes, blkid, ldm: ["sda", "sdb"] }), tag)
  const disks = ["a", "b"].map((name) => ({ name, serial: name }))
  const group = groupOf([span])

  test("lists volumes instead of what the kernel takes for partitions; what is missing is named", () => {
    const dynamic: DynamicDisks = {
      volumes: dynamicVolumes([disk(group, 1)]),
      read: new Map([["sda", true]]),
      unread: new Map([["sdb", "its database was being changed"]]),
      failed: new Map(),
    }
    const { volumes } = assembleCatalogue(found, disks, dynamic)
    expect(volumes).toMatchObject([
      { path: "b", state: "Unsupported", message: "Windows dynamic disk, but its database was being changed." },
      {
        path: "SHOP-Dg0-Volume1",
        stack: ["disk a", "spanned SHOP-Dg0/Volume1, missing Disk2"],
        state: "Incomplete",
        message: "The spanned volume has parts on disks of the group SHOP-Dg0 that are missing: Disk2.",
      },
    ])
    expect(volumes).toHaveLength(2)
  })

  test("a group without volumes, and a volume that the guest refuses to make", () => {
    const read = new Map([["sda", false]])
    const none: DynamicDisks = { volumes: [], read, unread: new Map([["sdb", "x"]]), failed: new Map() }
    expect(assembleCatalogue(found, disks, none).volumes[0]?.message).toBe("Windows dynamic disk without volumes.")
    const all = dynamicVolumes([disk(group, 1), disk(group, 2)])
    const failed = new Map(all.map(({ uuid }) => [uuid, "no room"]))
    const { volumes } = assembleCatalogue(found, disks, { volumes: all, read, unread: new Map(), failed })
    expect(volumes.find(({ state }) => state === "Incomplete")?.message).toBe("It could not be put together: no room")
  })
})
