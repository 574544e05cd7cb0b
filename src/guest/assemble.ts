import { btrfsDevices } from "./btrfs.ts"
import type { Catalogue, Disk, Volume } from "./catalogue.ts"
import { judge } from "./judge.ts"
import { type DynamicDisks, noDynamicDisks } from "./ldm/discover.ts"
import { dynamicPart, lostDynamic } from "./ldm/listing.ts"
import { numberEqual } from "./paths.ts"
import { logicalPlace, logicalVolumes, placeFinder, type Logical } from "./place.ts"
import { printable } from "./printable.ts"
import type { BlockNode, ProbeAnswer, Tags } from "./probe-answer.ts"

const maxVolumes = 4096
const none: Tags = new Map()

interface Ordered {
  readonly order: string
  readonly volume: Volume
}

/**
 * The catalogue from what the guest found: every device nothing else lies on, and every logical volume that could not be
 * activated. Disks come in the order given, their partitions by number, then what lies across disks, by name.
 */
export function assembleCatalogue(
  found: ProbeAnswer,
  disks: readonly Omit<Disk, "sizeBytes">[],
  dynamic: DynamicDisks = noDynamicDisks,
): Catalogue {
  const used = usedDevices(found.nodes)
  const logical = logicalVolumes(found.groups)
  const dynamicVolumes = new Map(dynamic.volumes.map((volume) => [volume.uuid, volume]))
  const placeOf = placeFinder(found, disks, logical, dynamicVolumes)
  const content = found.nodes
    .filter((node) => {
      const part = dynamicPart(node, found, dynamic)
      if (part !== undefined) return part !== "hidden"
      if (node.type === "mapped" && node.uuid.startsWith("LDM-")) return dynamicVolumes.has(node.uuid)
      return !used.has(node.name) && isContent(node, found, logical)
    })
    .map((node) => ({ node, order: orderOf(node, found.nodes, placeOf(node.name).path) }))
    .sort((a, b) => compare(a.order, b.order))
  const btrfs = btrfsDevices(
    found,
    content.map(({ node }) => node),
  )
  const further = new Set([...btrfs.values()].flatMap(([, ...others]) => others))
  const present = content
    .filter(({ node }) => !further.has(node))
    .map(({ node, order }): Ordered => {
      const tags = found.tags.get(node.name) ?? none
      const members = btrfs.get(node.name) ?? [node]
      const stack = [...new Set(members.flatMap(({ name }) => placeOf(name).stack))]
      const part = dynamicPart(node, found, dynamic)
      const verdict = typeof part === "object" ? part : judge(tags, node, furtherOf(node, found))
      const missing = verdict.state === "Unsupported" && isPartial(node, logical)
      const volume: Volume = {
        path: placeOf(node.name).path,
        stack,
        device: node.name,
        ...(members.length > 1 ? { otherDevices: members.slice(1).map(({ name }) => name) } : {}),
        sizeBytes: members.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
        ...identity(tags),
        ...(missing ? incomplete : verdict),
      }
      return { order, volume }
    })
  const activated = new Set(found.nodes.map((node) => (node.type === "mapped" ? node.uuid : "")))
  const lost = [...logical.values()].filter(({ mapped }) => !activated.has(mapped)).map(lostVolume)
  const lostDynamics = dynamic.volumes
    .filter(({ uuid }) => !activated.has(uuid))
    .map((lost): Ordered => {
      const volume = lostDynamic(lost, found, disks, dynamic)
      return { order: `later ${volume.path} ${lost.uuid}`, volume }
    })
  const volumes = [...present, ...lost, ...lostDynamics].sort((a, b) => compare(a.order, b.order)).slice(0, maxVolumes)
  const paths = numberEqual(volumes.map(({ volume }) => volume.path))
  return {
    disks: disks.map((disk, index) => describeDisk(disk, index, found.nodes)),
    volumes: volumes.map(({ volume }, index) => ({ ...volume, path: paths[index] ?? volume.path })),
  }
}

const furtherOf = ({ name }: BlockNode, { arrays, strays }: ProbeAnswer) => ({
  array: arrays.get(name),
  isStray: strays.includes(name),
})

const incomplete = {
  kind: "lvm",
  state: "Incomplete",
  reason: "VolumeIncomplete",
  message: "Parts of it are on disks that are missing, and what is there begins with no known file system.",
} as const

function isPartial(node: BlockNode, logical: ReadonlyMap<string, Logical>): boolean {
  return node.type === "mapped" && logical.get(node.uuid)?.volume.health === "partial"
}

/**
 * What something else lies on. The kernel also reads the partition table that a mirrored array shows at the front of each
 * of its disks: those partitions are the array's, and used with it.
 */
function usedDevices(nodes: readonly BlockNode[]): Set<string> {
  const parts = nodes.flatMap((node) => (node.type === "disk" ? [] : node.parts))
  const members = new Set(nodes.flatMap((node) => (node.type === "array" || node.type === "mapped" ? node.parts : [])))
  const shadows = nodes.filter((node) => node.type === "partition" && members.has(node.parts[0]))
  return new Set([...parts, ...shadows.map(({ name }) => name)])
}

/** Left out: helpers of device-mapper, extended partitions, and physical volumes whose logical volumes are listed. */
function isContent(node: BlockNode, found: ProbeAnswer, logical: ReadonlyMap<string, Logical>): boolean {
  const tags = found.tags.get(node.name) ?? none
  if (node.type === "mapped" && node.uuid.startsWith("LVM-")) return logical.has(node.uuid)
  if (tags.get("PTTYPE") === "dos" && ["0x5", "0xf", "0x85"].includes(tags.get("PART_ENTRY_TYPE") ?? "")) return false
  const group = found.groups.find(({ physicalVolumes }) => physicalVolumes.includes(node.name))
  return group === undefined || group.logicalVolumes.length === 0
}

function identity(tags: Tags): Pick<Volume, "label" | "uuid"> {
  const label = tags.get("LABEL")
  const uuid = tags.get("UUID")
  return {
    ...(label === undefined ? {} : { label: printable(Buffer.from(label, "latin1")) }),
    ...(uuid === undefined ? {} : { uuid: printable(Buffer.from(uuid, "latin1"), 64) }),
  }
}

function lostVolume(logical: Logical): Ordered {
  const { group, volume } = logical
  const message = `The volume group ${printable(Buffer.from(group.name))} misses ${group.missingDisks} of its disks.`
  return {
    order: `later ${group.name}-${volume.name} ${logical.mapped}`,
    volume: {
      ...logicalPlace(logical),
      device: "",
      kind: "lvm",
      sizeBytes: volume.sizeBytes,
      state: "Incomplete",
      reason: "VolumeIncomplete",
      message,
    },
  }
}

function orderOf(node: BlockNode, nodes: readonly BlockNode[], path: string): string {
  if (node.type === "disk") return `disk ${padded(node.index)}`
  const parent = node.type === "partition" ? nodes.find(({ name }) => name === node.parts[0]) : undefined
  if (node.type === "partition" && parent?.type === "disk") return `disk ${padded(parent.index)} ${padded(node.number)}`
  return `later ${path} ${node.type === "mapped" ? node.uuid : node.name}`
}

function describeDisk({ name, serial }: Omit<Disk, "sizeBytes">, index: number, nodes: readonly BlockNode[]): Disk {
  const node = nodes.find((node) => node.type === "disk" && node.index === index)
  return { name: printable(Buffer.from(name)), serial, sizeBytes: node?.sizeBytes ?? 0 }
}

const padded = (value: number) => String(value).padStart(6, "0")
const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b))
