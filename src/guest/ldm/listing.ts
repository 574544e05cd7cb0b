import type { Disk, Volume } from "../catalogue.ts"
import { ldmDataType, ldmMetadataType } from "../known-formats.ts"
import { diskEntry, dynamicPlace } from "../place.ts"
import { printable } from "../printable.ts"
import type { BlockNode, ProbeAnswer } from "../probe-answer.ts"
import type { DynamicDisks } from "./discover.ts"
import type { DynamicVolume } from "./groups.ts"

type Verdict = Pick<Volume, "kind" | "state" | "reason" | "message">

/**
 * What the catalogue says of the parts of dynamic disks: nothing where volumes of the group are listed instead, else why
 * there are none. The kernel's own partitions on them are never listed: of a volume that lies on several disks they are a
 * piece that looks like all of it. `undefined` for everything else.
 */
export function dynamicPart(
  node: BlockNode,
  found: ProbeAnswer,
  dynamic: DynamicDisks,
): Verdict | "hidden" | undefined {
  const disk = node.type === "disk" ? node.name : node.type === "partition" ? node.parts[0] : ""
  const hasVolumes = dynamic.read.get(disk)
  const why = dynamic.unread.get(disk)
  if (hasVolumes === undefined && why === undefined) return undefined
  const type = found.tags.get(node.name)?.get("PART_ENTRY_TYPE") ?? ""
  const isMbr = found.dynamic.includes(disk)
  if (!isMbr && type !== ldmMetadataType && type !== ldmDataType) return undefined
  if (isMbr ? node.type !== "disk" : type !== ldmMetadataType) return "hidden"
  if (why !== undefined) return unsupported(`Windows dynamic disk, but ${why}.`)
  return hasVolumes === true ? "hidden" : unsupported("Windows dynamic disk without volumes.")
}

/** A volume that could not be put together, on those of its disks that are there. */
export function lostDynamic(
  volume: DynamicVolume,
  found: ProbeAnswer,
  disks: readonly Pick<Disk, "name">[],
  { failed }: DynamicDisks,
): Volume {
  const { path, stack } = dynamicPlace(volume)
  const on = found.nodes.flatMap((node) =>
    node.type === "disk" && volume.on.includes(node.name) ? (disks[node.index]?.name ?? []) : [],
  )
  return {
    path,
    stack: [...on.map(diskEntry), ...stack],
    device: "",
    kind: "dynamic",
    sizeBytes: volume.sizeBytes,
    state: "Incomplete",
    reason: "VolumeIncomplete",
    message: lacks(volume, failed.get(volume.uuid)),
  }
}

function lacks({ group, layout, missing, source }: DynamicVolume, failed: string | undefined): string {
  if (failed !== undefined) return `It could not be put together: ${failed}`
  if (missing.length === 0) return "why" in source ? source.why : ""
  const names = printable(Buffer.from(missing.join(", "), "latin1"), 128)
  const of = printable(Buffer.from(group, "latin1"), 64)
  return `The ${layout} volume has parts on disks of the group ${of} that are missing: ${names}.`
}

function unsupported(message: string): Verdict {
  return { kind: "partitions", state: "Unsupported", reason: "VolumeUnsupported", message }
}
