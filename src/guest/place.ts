import type { Disk } from "./catalogue.ts"
import type { DynamicVolume } from "./ldm/groups.ts"
import { slug } from "./paths.ts"
import { printable } from "./printable.ts"
import type { BlockNode, LogicalVolume, ProbeAnswer, Tags, VolumeGroup } from "./probe-answer.ts"

/** What a device is called in paths, and what it lies on, from the disk up. */
export interface Place {
  readonly path: string
  readonly stack: readonly string[]
  /** The first of its disks, in the order given. */
  readonly firstDisk: number
}

/** A logical volume with its group; `mapped` is the UUID that device-mapper knows it by. */
export interface Logical {
  readonly group: VolumeGroup
  readonly volume: LogicalVolume
  readonly mapped: string
}

const maxStack = 64
const nowhere: Place = { path: "_", stack: [], firstDisk: Infinity }
const none: Tags = new Map()

/** Logical volumes by device-mapper's UUID: two groups may share a name, never a UUID. */
export function logicalVolumes(groups: readonly VolumeGroup[]): Map<string, Logical> {
  const found = groups.flatMap((group) =>
    group.logicalVolumes.map((volume) => ({ group, volume, mapped: `LVM-${bare(group.uuid)}${bare(volume.uuid)}` })),
  )
  return new Map(found.map((logical) => [logical.mapped, logical]))
}

const bare = (uuid: string) => uuid.replaceAll("-", "")

/** Finds the place of each device by name, from the places of what it lies on. */
export function placeFinder(
  found: ProbeAnswer,
  disks: readonly Pick<Disk, "name">[],
  logical: ReadonlyMap<string, Logical>,
  dynamic: ReadonlyMap<string, DynamicVolume> = new Map(),
): (name: string) => Place {
  const nodes = new Map(found.nodes.map((node) => [node.name, node]))
  const places = new Map<string, Place>()

  const find = (name: string, depth: number): Place => {
    const known = places.get(name)
    if (known !== undefined) return known
    const node = nodes.get(name)
    // a real kernel has no circles; the depth guards against one that lies
    const place = node === undefined || depth > maxStack ? nowhere : make(node, depth)
    places.set(name, place)
    return place
  }
  const make = (node: BlockNode, depth: number): Place => {
    if (node.type === "disk") return diskPlace(disks[node.index]?.name ?? node.name, node.index)
    const below = node.parts.map((part) => find(part, depth + 1)).sort((a, b) => a.firstDisk - b.firstDisk)
    const own = ownPlace(node, below[0]?.path ?? "_", found, logical, dynamic)
    const stack = [...new Set(below.flatMap((place) => place.stack)), ...own.stack]
    return { path: own.path, stack: stack.slice(-maxStack), firstDisk: below[0]?.firstDisk ?? Infinity }
  }
  return (name) => find(name, 0)
}

function diskPlace(name: string, firstDisk: number): Place {
  return { path: slug(name), stack: [diskEntry(name)], firstDisk }
}

/** What the stack of everything on a disk has for the disk itself. */
export function diskEntry(name: string): string {
  return `disk ${printable(Buffer.from(name))}`
}

/** What a device that lies on others is called, and what it adds to their stack. */
function ownPlace(
  node: Exclude<BlockNode, { type: "disk" }>,
  base: string,
  found: ProbeAnswer,
  logical: ReadonlyMap<string, Logical>,
  dynamic: ReadonlyMap<string, DynamicVolume>,
): Pick<Place, "path" | "stack"> {
  if (node.type === "partition") {
    const table = found.tags.get(node.parts[0])?.get("PTTYPE") ?? "unknown"
    return { path: `${base}-p${node.number}`, stack: [`${shown(table)} partition ${node.number}`] }
  }
  if (node.type === "array") {
    const array = found.arrays.get(node.name) ?? none
    const name = array.get("MD_NAME")?.replace(/^.*:/, "") ?? node.name
    const missing = node.degraded > 0 ? `, ${node.degraded} missing${missingDevices(array)}` : ""
    return { path: slug(`md-${name}`), stack: [`${node.level} ${shown(name)}${missing}`] }
  }
  const lv = logical.get(node.uuid)
  if (lv !== undefined) return logicalPlace(lv)
  const ldm = dynamic.get(node.uuid)
  if (ldm !== undefined) return dynamicPlace(ldm)
  return { path: base, stack: node.uuid.startsWith("CRYPT-") ? ["unlocked"] : [] }
}

/** Where a logical volume is found: `vg-lv`. */
export function logicalPlace({ group, volume }: Logical): Pick<Place, "path" | "stack"> {
  return {
    path: slug(`${group.name}-${volume.name}`),
    stack: [`lvm ${printable(Buffer.from(`${group.name}/${volume.name}`))}`],
  }
}

/** Where a volume of Windows' dynamic disks is found: `GROUP-VOLUME`. */
export function dynamicPlace({ group, name, layout, missing }: DynamicVolume): Pick<Place, "path" | "stack"> {
  const lacks = missing.length > 0 ? `, missing ${shown(missing.join(", "))}` : ""
  return { path: slug(`${group}-${name}`), stack: [`${layout} ${shown(`${group}/${name}`)}${lacks}`] }
}

/** Which of an array's devices are missing, counted from 0 as mdadm counts them; nothing where it does not say. */
function missingDevices(array: Tags): string {
  const all = Number(array.get("MD_DEVICES"))
  if (!(all > 0 && all <= 384)) return ""
  const present = new Set([...array].filter(([key]) => /^MD_DEVICE_.*_ROLE$/.test(key)).map(([, role]) => role))
  const missing = [...Array(all).keys()].filter((role) => !present.has(String(role)))
  return missing.length === 0 ? "" : ` (device${missing.length > 1 ? "s" : ""} ${missing.join(", ")})`
}

const shown = (text: string) => printable(Buffer.from(text, "latin1"), 64)
