import { z } from "zod"
import { RecoveryError } from "../api/reasons.ts"
import { byteCount } from "./byte-count.ts"

/** A block device of the guest, as its kernel describes it. `parts` are the devices it lies on. */
export type BlockNode =
  | { readonly type: "disk"; readonly name: string; readonly sizeBytes: number; readonly index: number }
  | {
      readonly type: "partition"
      readonly name: string
      readonly sizeBytes: number
      readonly parts: [string]
      readonly number: number
      /** Where it begins on its disk, in sectors of 512 bytes. */
      readonly start: number
    }
  | {
      readonly type: "mapped"
      readonly name: string
      readonly sizeBytes: number
      readonly parts: string[]
      readonly uuid: string
    }
  | {
      readonly type: "array"
      readonly name: string
      readonly sizeBytes: number
      readonly parts: string[]
      readonly level: string
      readonly degraded: number
    }

/** What blkid found on a device: its tags (TYPE, LABEL, UUID, PTTYPE, PART_ENTRY_TYPE...), values as bytes in Latin-1. */
export type Tags = ReadonlyMap<string, string>

/** A volume group as `lvm fullreport` tells it, with what is absent from the disks. */
export interface VolumeGroup {
  readonly name: string
  readonly uuid: string
  readonly missingDisks: number
  readonly physicalVolumes: readonly string[]
  readonly logicalVolumes: readonly LogicalVolume[]
}

export interface LogicalVolume {
  readonly name: string
  readonly uuid: string
  readonly sizeBytes: number
  /** Empty when all is well; `partial` when a disk is missing. */
  readonly health: string
}

/** All the appliance's probe says of the disks. Texts in it are the disks' own: escape before showing them. */
export interface ProbeAnswer {
  readonly nodes: readonly BlockNode[]
  readonly tags: ReadonlyMap<string, Tags>
  readonly groups: readonly VolumeGroup[]
  /** Physical volumes that belong to a group which nothing here describes. */
  readonly strays: readonly string[]
  readonly arrays: ReadonlyMap<string, Tags>
  /** Disks with a private header of Windows' dynamic disks where an MBR has it. */
  readonly dynamic: readonly string[]
  readonly log: string
}

const sections = ["nodes", "blkid", "ldm", "lvm", "md", "log"] as const
type Section = (typeof sections)[number]

/** Devices, and logical volumes of one group, that are believed at most: each is compared with others. */
const maxNodes = 8192

/** Takes the answer of the verb `probe` apart (appliance/probe writes it). Throws ProtocolError for anything else. */
export function parseProbe(answer: Buffer, nonce: string): ProbeAnswer {
  const text = splitSections(answer.toString("latin1"), nonce)
  return {
    nodes: parseNodes(lines(text.get("nodes"))),
    tags: parseTags(text.get("blkid") ?? "", "DEVNAME"),
    ...parseGroups(text.get("lvm")),
    arrays: parseTags(text.get("md") ?? "", "MD_DEVNODE"),
    dynamic: lines(text.get("ldm")).filter((line) => diskName.test(line)),
    log: text.get("log") ?? "",
  }
}

function splitSections(text: string, nonce: string): Map<Section, string> {
  const found = new Map<Section, string>()
  for (const part of text.split(`\n@${nonce} `).slice(1)) {
    const end = part.indexOf("\n")
    const name = sections.find((section) => section === part.slice(0, end))
    if (name === undefined || found.has(name)) throw malformed("a section it never sends")
    found.set(name, part.slice(end + 1))
  }
  if (!found.has("nodes") || !found.has("log")) throw malformed("an incomplete list of devices")
  return found
}

const lines = (text = "") => text.split("\n").filter((line) => line !== "")

const name = "[a-z]{2,8}[a-z0-9-]{0,24}"
const diskName = new RegExp(`^${name}$`)
const nodePatterns = {
  disk: new RegExp(`^disk (${name}) (\\d{1,16}) \\d+:\\d+:(\\d{1,3}):(\\d{1,5})$`),
  partition: new RegExp(`^part (${name}) (\\d{1,16}) (${name}) (\\d{1,4}) (\\d{1,16})$`),
  mapped: new RegExp(`^dm (${name}) (\\d{1,16}) ([!-~]{1,200}) (-|${name}(?:,${name})*)$`),
  array: new RegExp(`^md (${name}) (\\d{1,16}) ([a-z0-9-]{1,16}) (\\d{1,4}) (-|${name}(?:,${name})*)$`),
}

const size = (sectors = "") => byteCount(Number(sectors) * 512)
const parts = (list = "-") => (list === "-" ? [] : list.split(","))

function parseNodes(lines: readonly string[]): BlockNode[] {
  if (lines.length > maxNodes) throw malformed(`more than ${maxNodes} devices`)
  return lines.map(parseNode)
}

function parseNode(line: string): BlockNode {
  let match = nodePatterns.disk.exec(line)
  if (match !== null) {
    const [, name = "", sectors, target, lun] = match
    return { type: "disk", name, sizeBytes: size(sectors), index: Number(target) + 256 * Number(lun) }
  }
  match = nodePatterns.partition.exec(line)
  if (match !== null) {
    const [, name = "", sectors, disk = "", number, start] = match
    return {
      type: "partition",
      name,
      sizeBytes: size(sectors),
      parts: [disk],
      number: Number(number),
      start: Number(start),
    }
  }
  match = nodePatterns.mapped.exec(line)
  if (match !== null) {
    const [, name = "", sectors, uuid = "", list] = match
    return { type: "mapped", name, sizeBytes: size(sectors), parts: parts(list), uuid }
  }
  match = nodePatterns.array.exec(line)
  if (match !== null) {
    const [, name = "", sectors, level = "", degraded, list] = match
    return { type: "array", name, sizeBytes: size(sectors), parts: parts(list), level, degraded: Number(degraded) }
  }
  throw malformed("a device it never names so")
}

/** Blocks of KEY=VALUE lines, keyed by the device each names; blkid escapes characters with a backslash. */
function parseTags(text: string, key: string): Map<string, Tags> {
  const found = new Map<string, Tags>()
  for (const block of text.split(/\n\n+/)) {
    const tags = new Map<string, string>()
    for (const line of lines(block)) {
      const equals = line.indexOf("=")
      if (equals > 0) tags.set(line.slice(0, equals), line.slice(equals + 1).replaceAll(/\\(.)/g, "$1"))
    }
    const device = tags.get(key)?.replace(/^\/dev\//, "")
    if (device !== undefined && !found.has(device)) found.set(device, tags)
  }
  return found
}

const short = z.string().max(300)
const lvmReport = z.object({
  report: z.array(
    z.object({
      vg: z.array(z.object({ vg_name: short, vg_uuid: short, vg_missing_pv_count: short })).optional(),
      pv: z.array(z.object({ pv_name: short, pv_in_use: short })).optional(),
      lv: z
        .array(
          z.object({
            lv_name: short,
            lv_uuid: short,
            lv_size: short,
            lv_health_status: short,
            lv_role: short,
            lv_layout: short,
          }),
        )
        .max(maxNodes)
        .optional(),
    }),
  ),
})

/** `lvm fullreport`: one report per volume group, and one without a group for physical volumes that belong to none. */
function parseGroups(text: string | undefined): Pick<ProbeAnswer, "groups" | "strays"> {
  if (text === undefined) return { groups: [], strays: [] }
  let report: z.output<typeof lvmReport>
  try {
    report = lvmReport.parse(JSON.parse(Buffer.from(text, "latin1").toString()))
  } catch (cause) {
    throw malformed("an LVM report of unknown form", cause)
  }
  const deviceOf = ({ pv_name }: { pv_name: string }) => pv_name.replace(/^\/dev\//, "")
  const strays = report.report
    .filter(({ vg = [] }) => vg.length === 0)
    .flatMap(({ pv = [] }) => pv.filter(({ pv_in_use }) => pv_in_use !== "").map(deviceOf))
  const groups = report.report.flatMap(({ vg = [], pv = [], lv = [] }) =>
    vg
      .filter((group) => group.vg_name !== "")
      .map((group) => ({
        name: group.vg_name,
        uuid: group.vg_uuid,
        missingDisks: Number(group.vg_missing_pv_count) || 0,
        physicalVolumes: pv.map(deviceOf),
        logicalVolumes: lv
          .filter(
            ({ lv_role, lv_layout }) => lv_role.split(",").includes("public") && !lv_layout.split(",").includes("pool"),
          )
          .map((volume) => ({
            name: volume.lv_name,
            uuid: volume.lv_uuid,
            sizeBytes: byteCount(Number(volume.lv_size)),
            health: volume.lv_health_status,
          })),
      })),
  )
  return { groups, strays }
}

function malformed(what: string, cause?: unknown): RecoveryError {
  return new RecoveryError("ProtocolError", `The guest's probe answered with ${what}; it can't be trusted.`, { cause })
}
