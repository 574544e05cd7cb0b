import type { Volume } from "./catalogue.ts"
import { mountable, partitionTypes, unreadable } from "./known-formats.ts"
import { printable } from "./printable.ts"
import type { BlockNode, Tags } from "./probe-answer.ts"

type Verdict = Pick<Volume, "kind" | "filesystem" | "state" | "reason" | "message">

/** What else is known of a device: what a member says of its array, and that a physical volume's group isn't described. */
interface Further {
  readonly array?: Tags | undefined
  readonly isStray: boolean
}

/** What a device holds, before any attempt to mount it. */
export function judge(tags: Tags, node: BlockNode, { array, isStray }: Further): Verdict {
  const type = tags.get("TYPE") ?? ""
  const filesystem = printable(Buffer.from(type, "latin1"), 32)
  if (mountable.has(type)) return { kind: "filesystem", filesystem, state: "Available" }
  if (type === "crypto_LUKS" || type === "BitLocker")
    return { kind: "encrypted", state: "Locked", reason: "VolumeLocked", message: `Encrypted with ${lockName(type)}.` }
  if (type.endsWith("_raid_member")) return judgeMember(array)
  if (type === "LVM2_member")
    return isStray ? strayed : unsupported("lvm", "An LVM physical volume without logical volumes.")
  const known = unreadable.get(type)
  if (known !== undefined) return { ...unsupported(...known), ...(known[0] === "filesystem" ? { filesystem } : {}) }
  const purpose = type === "" ? partitionTypes.get(tags.get("PART_ENTRY_TYPE") ?? "") : undefined
  if (purpose !== undefined) return unsupported(...purpose)
  if (tags.get("ERROR") === "8")
    return unsupported("unknown", "Signatures of several formats; which one is valid is unclear.")
  if (type !== "") return { ...unsupported("filesystem", `${filesystem} is not supported.`), filesystem }
  if (tags.has("PTTYPE") && node.type !== "partition")
    return unsupported("partitions", "A partition table without partitions that could be read.")
  return unsupported("unknown", "No file system or partition table was found; empty, or of an unknown format.")
}

const strayed = {
  kind: "lvm",
  state: "Corrupt",
  reason: "VolumeCorrupt",
  message:
    "An LVM physical volume whose volume group nothing describes: the description is damaged, or only on disks that are missing.",
} as const

/** A disk of an array that has not started. */
function judgeMember(array: Tags | undefined): Verdict {
  const level = printable(Buffer.from(array?.get("MD_LEVEL") ?? "RAID", "latin1"), 32)
  const name = array?.get("MD_NAME")?.replace(/^.*:/, "") ?? ""
  const named = name === "" ? "" : ` ${printable(Buffer.from(name, "latin1"), 64)}`
  if (level === "linear") return unsupported("raid", `Member of the linear array${named}; Debian's kernel has none.`)
  const devices = Number(array?.get("MD_DEVICES"))
  const size = devices > 0 ? ` of ${devices} devices` : ""
  return {
    kind: "raid",
    state: "Incomplete",
    reason: "VolumeIncomplete",
    message: `Member of the ${level} array${named}${size}, which could not be started: too many of its disks are missing.`,
  }
}

const lockName = (type: string) => (type === "BitLocker" ? "BitLocker" : "LUKS")

function unsupported(kind: Volume["kind"], message: string): Verdict {
  return { kind, state: "Unsupported", reason: "VolumeUnsupported", message }
}

/** What a failed attempt to mount says of a volume: the kernel's words decide between corrupt and unsupported. */
export function judgeMountFailure(message: string): Pick<Volume, "state" | "reason" | "message"> {
  return /unsupported|unknown filesystem type|unknown parameter/i.test(message)
    ? { state: "Unsupported", reason: "VolumeUnsupported", message }
    : { state: "Corrupt", reason: "VolumeCorrupt", message }
}

/** The same where the layer above its disks was full: what it holds may be whole, but its journal can't be replayed. */
export function judgeFullOverlay(message: string): Pick<Volume, "state" | "reason" | "message"> {
  const full = "The memory for what is written while it is mounted (the chart's guest.overlayMiB) is full"
  return { state: "Unsupported", reason: "OverlayFull", message: `${full}: ${message}` }
}
