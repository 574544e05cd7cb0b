import type { LdmDatabase, LdmExtent, LdmPlex, LdmVolume } from "./database.ts"
import type { LdmHeader } from "./header.ts"

/** A dynamic disk of the guest. A device is named with the sectors of the disk that it covers. */
export interface DynamicDisk {
  readonly node: string
  readonly sectors: number
  readonly header: LdmHeader
  /** Absent where it can't be read: another disk of the group may have it. */
  readonly database?: LdmDatabase
  /** Partitions that hold dynamic volumes, on a GPT: what lies in one is read through it. */
  readonly data: readonly { readonly node: string; readonly start: number; readonly sectors: number }[]
}

/** A volume of a group, and how it is put together, or why it isn't. */
export interface DynamicVolume {
  /** What device-mapper is to know it by. */
  readonly uuid: string
  readonly group: string
  readonly name: string
  readonly hint?: string
  readonly layout: "simple" | "spanned" | "striped" | "mirrored" | "RAID-5"
  readonly sizeBytes: number
  /** The group's names of disks that it has parts on, and which are not there. */
  readonly missing: readonly string[]
  /** Nodes of its disks that are there. */
  readonly on: readonly string[]
  readonly source: Source | { readonly why: string }
}

/** The one plex that is read, a place for each of its extents; RAID-5 can do without one of them. */
export interface Source {
  readonly layout: LdmPlex["layout"]
  readonly chunkSectors: number
  readonly places: readonly (Extent | undefined)[]
}

/** Sectors of a device. */
export interface Extent {
  readonly device: string
  readonly start: number
  readonly sectors: number
}

/** Disks that share a database which one of them at least has. */
export interface DynamicGroup {
  readonly nodes: readonly string[]
  readonly volumes: readonly DynamicVolume[]
}

/**
 * The groups that the disks belong to, with their volumes. Of a group, the database that was changed last counts; a disk with an
 * older one was away when it was, and what it mirrors is used only where there is nothing newer. The second disk of one
 * identity is a copy, and begins a second group of its kind.
 */
export function dynamicGroups(disks: readonly DynamicDisk[]): DynamicGroup[] {
  return groupsOf(disks).flatMap(({ members, copy }): DynamicGroup[] => {
    const databases = [...members.values()].flatMap(({ database }) => database ?? [])
    const [newest] = databases.toSorted((a, b) => b.sequence - a.sequence)
    if (newest === undefined) return []
    const volumes = newest.volumes.map((volume) => describe(volume, newest, members, copy))
    return [{ nodes: [...members.values()].map(({ node }) => node), volumes }]
  })
}

type Members = ReadonlyMap<string, DynamicDisk>

/** Disks by their identities, a map for each group. */
function groupsOf(disks: readonly DynamicDisk[]): { members: Members; copy: number }[] {
  const groups: { id: string; copy: number; members: Map<string, DynamicDisk> }[] = []
  for (const disk of disks) {
    const { groupId, diskId } = disk.header
    const alike = groups.filter(({ id }) => id === groupId)
    const free = alike.find(({ members }) => !members.has(diskId))
    if (free !== undefined) free.members.set(diskId, disk)
    else groups.push({ id: groupId, copy: alike.length + 1, members: new Map([[diskId, disk]]) })
  }
  return groups
}

function describe(volume: LdmVolume, database: LdmDatabase, members: Members, copy: number): DynamicVolume {
  const { name, guid, hint, plexes } = volume
  const ids = [...new Set(plexes.flatMap(({ extents }) => extents.map(({ disk }) => disk)))]
  const guidOf = (id: number) => database.disks.find((disk) => disk.id === id)?.guid ?? ""
  const nameOf = (id: number) => database.disks.find((disk) => disk.id === id)?.name ?? `disk ${id}`
  const there = ids.flatMap((id) => members.get(guidOf(id)) ?? [])
  const find = (id: number) => members.get(guidOf(id))
  return {
    uuid: `LDM-${guid}${copy > 1 ? `-${copy}` : ""}`,
    group: database.groupName,
    name,
    ...(hint === undefined ? {} : { hint }),
    layout: layoutOf(plexes),
    sizeBytes: volume.sectors * 512,
    missing: ids.filter((id) => find(id) === undefined).map(nameOf),
    on: there.map(({ node }) => node),
    source: choose(plexes, find, database.sequence),
  }
}

function layoutOf(plexes: readonly LdmPlex[]): DynamicVolume["layout"] {
  const [first] = plexes
  if (plexes.length > 1) return "mirrored"
  if (first === undefined || first.layout === "spanned") return (first?.extents.length ?? 1) > 1 ? "spanned" : "simple"
  return first.layout === "raid5" ? "RAID-5" : "striped"
}

/** The best plex: what is active before what isn't, what is current before what is older, what is whole before what isn't. */
function choose(
  plexes: readonly LdmPlex[],
  find: (id: number) => DynamicDisk | undefined,
  sequence: number,
): DynamicVolume["source"] {
  if (plexes.length === 0) return { why: "The database of its disks contradicts itself." }
  const candidates = plexes.map((plex) => {
    const { layout, chunkSectors, active } = plex
    const older = (disk: DynamicDisk | undefined) => (disk?.database?.sequence ?? sequence) < sequence
    const disks = plex.extents.map(({ disk }) => find(disk))
    // one column of RAID-5 that is older than the others is better computed from them
    const spare = layout === "raid5" && disks.every((disk) => disk !== undefined) ? disks.findIndex(older) : -1
    const places = plex.extents.map((extent, at) => (at === spare ? undefined : placeOf(extent, disks[at])))
    const absent = disks.filter((disk) => disk === undefined).length
    const beyond = disks.some((disk, at) => disk !== undefined && at !== spare && places[at] === undefined)
    const lacks = places.filter((place) => place === undefined).length
    const isUsable = lacks <= (layout === "raid5" ? 1 : 0)
    const cost = (active ? 0 : 4) + (disks.some(older) ? 2 : 0) + (lacks > 0 ? 1 : 0)
    return { isUsable, absent, beyond, cost, source: { layout, chunkSectors, places } }
  })
  const [best] = candidates.filter(({ isUsable }) => isUsable).sort((a, b) => a.cost - b.cost)
  if (best !== undefined) return best.source
  if (candidates.some(({ absent, beyond }) => beyond && absent === 0))
    return { why: "It reaches beyond the end of its disk, which was larger." }
  return { why: "" }
}

function placeOf(extent: LdmExtent, disk: DynamicDisk | undefined): Extent | undefined {
  if (disk === undefined) return undefined
  const start = disk.header.dataStart + extent.start
  const end = start + extent.sectors
  if (end > disk.sectors) return undefined
  const partition = disk.data.find((part) => start >= part.start && end <= part.start + part.sectors)
  return partition === undefined
    ? { device: disk.node, start, sectors: extent.sectors }
    : { device: partition.node, start: start - partition.start, sectors: extent.sectors }
}
