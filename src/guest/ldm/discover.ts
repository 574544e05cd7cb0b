import { ldmDataType, ldmMetadataType } from "../known-formats.ts"
import type { BlockNode, ProbeAnswer } from "../probe-answer.ts"
import type { SessionHost } from "../session.ts"
import { runVerb } from "../verb.ts"
import { encodeWord } from "../words.ts"
import { parseDatabase } from "./database.ts"
import { type DynamicDisk, type DynamicVolume, dynamicGroups } from "./groups.ts"
import { parseHeader } from "./header.ts"
import { LdmError } from "./reader.ts"
import { mappings } from "./tables.ts"

/** What Windows' dynamic disks among the disks hold. */
export interface DynamicDisks {
  readonly volumes: readonly DynamicVolume[]
  /** Nodes of the disks whose group was read, and whether it has volumes. */
  readonly read: ReadonlyMap<string, boolean>
  /** Nodes of those whose group wasn't, with the reason. */
  readonly unread: ReadonlyMap<string, string>
  /** Volumes, by their UUID, that the guest refused to make: its words. */
  readonly failed: ReadonlyMap<string, string>
}

export const noDynamicDisks: DynamicDisks = { volumes: [], read: new Map(), unread: new Map(), failed: new Map() }

const sectorBytes = 512
/** Each takes the guest a tenth of a second. */
const maxDevices = 128

/**
 * Reads the databases of all dynamic disks the probe has found, and makes devices of the volumes that can be read, unless
 * they are there. Rejects only when the guest fails.
 */
export async function findDynamicDisks(
  host: SessionHost,
  found: ProbeAnswer,
  signal: AbortSignal,
): Promise<DynamicDisks> {
  const outcomes = await Promise.all(headersOf(found).map((place) => readDisk(host, place, found, signal)))
  const disks = outcomes.flatMap(({ disk }) => disk ?? [])
  const groups = dynamicGroups(disks)
  const volumes = groups.flatMap((group) => group.volumes)
  const read = new Map(groups.flatMap(({ nodes, volumes }) => nodes.map((node) => [node, volumes.length > 0] as const)))
  return {
    volumes,
    read,
    unread: new Map(
      outcomes.flatMap(({ node, why }) => (why === undefined || read.has(node) ? [] : [[node, why] as const])),
    ),
    failed: await map(host, volumes, found, signal),
  }
}

async function map(
  host: SessionHost,
  volumes: readonly DynamicVolume[],
  found: ProbeAnswer,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const there = new Set(found.nodes.map((node) => (node.type === "mapped" ? node.uuid : "")))
  const failed = new Map<string, string>()
  let left = maxDevices
  for (const { uuid, source } of volumes) {
    if (there.has(uuid) || "why" in source) continue
    const devices = mappings(uuid, source)
    left -= devices.length
    if (left < 0) failed.set(uuid, `no more than ${maxDevices} devices are made.`)
    if (left < 0) continue
    try {
      for (const { uuid: part, table } of devices) {
        const options = {
          input: encodeWord(Buffer.from(table)),
          failed: (words: string) => new LdmError(words),
          signal,
        }
        await runVerb(host, "map", [part], options)
      }
    } catch (error) {
      if (!(error instanceof LdmError)) throw error
      failed.set(uuid, error.message)
    }
  }
  return failed
}

/** Where a disk's private header is: sector 6 with an MBR; on a GPT the last sector of a partition of its own. */
interface HeaderPlace {
  readonly disk: BlockNode & { readonly type: "disk" }
  readonly device: string
  readonly sector: number
}

/** In the order in which the disks were given: the kernel's names for them differ from start to start. */
function headersOf({ nodes, tags, dynamic }: ProbeAnswer): HeaderPlace[] {
  const disks = nodes.filter((node) => node.type === "disk").sort((a, b) => a.index - b.index)
  return disks.flatMap((disk): HeaderPlace[] => {
    if (dynamic.includes(disk.name)) return [{ disk, device: disk.name, sector: 6 }]
    const partition = nodes.find(
      (node) =>
        node.type === "partition" &&
        node.parts[0] === disk.name &&
        tags.get(node.name)?.get("PART_ENTRY_TYPE") === ldmMetadataType,
    )
    if (partition === undefined) return []
    return [{ disk, device: partition.name, sector: partition.sizeBytes / sectorBytes - 1 }]
  })
}

interface Outcome {
  readonly node: string
  readonly disk?: DynamicDisk
  readonly why?: string
}

async function readDisk(
  host: SessionHost,
  place: HeaderPlace,
  found: ProbeAnswer,
  signal: AbortSignal,
): Promise<Outcome> {
  const { disk, device, sector } = place
  const node = disk.name
  const sectors = disk.sizeBytes / sectorBytes
  try {
    if (device === node && !isDynamicMbr(await readSectors(host, node, 0, 1, signal))) return { node }
    const header = parseHeader(await readSectors(host, device, sector, 1, signal))
    const { configStart, configSize } = header
    if (configStart + configSize > sectors) throw new LdmError("its database lies beyond its end")
    const disk = { node, sectors, header, data: dataPartitions(node, found) }
    try {
      const database = parseDatabase(await readSectors(host, node, configStart, configSize, signal))
      return { node, disk: { ...disk, database } }
    } catch (error) {
      if (!(error instanceof LdmError)) throw error
      return { node, disk, why: error.message }
    }
  } catch (error) {
    if (!(error instanceof LdmError)) throw error
    return { node, why: error.message }
  }
}

/** A disk that became a basic one again may keep its header: one of the four partitions has to be of type 0x42. */
const isDynamicMbr = (sector: Buffer) => [0, 1, 2, 3].some((entry) => sector[0x1be + 16 * entry + 4] === 0x42)

function dataPartitions(disk: string, { nodes, tags }: ProbeAnswer): DynamicDisk["data"] {
  return nodes.flatMap((node) => {
    if (node.type !== "partition" || node.parts[0] !== disk) return []
    if (tags.get(node.name)?.get("PART_ENTRY_TYPE") !== ldmDataType) return []
    return [{ node: node.name, start: node.start, sectors: node.sizeBytes / sectorBytes }]
  })
}

async function readSectors(
  host: SessionHost,
  device: string,
  first: number,
  count: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const failed = (words: string) => new LdmError(`its database can't be read: ${words}`)
  const options = { maxBytes: count * sectorBytes, failed, signal }
  const bytes = await runVerb(host, "sectors", [device, String(first), String(count)], options)
  if (bytes.length !== count * sectorBytes) throw new LdmError("its database can't be read to its end")
  return bytes
}
