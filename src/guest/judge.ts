import type { Volume } from "./catalogue.ts"
import { printable } from "./printable.ts"
import type { BlockNode, Tags } from "./probe-answer.ts"

type Verdict = Pick<Volume, "kind" | "filesystem" | "state" | "reason" | "message">

/** File systems the guest mounts; appliance/volume has the same list. */
const mountable = new Set(["ext2", "ext3", "ext4", "xfs", "btrfs", "vfat", "ntfs"])

/** What a device holds, before any attempt to mount it. */
export function judge(tags: Tags, node: BlockNode): Verdict {
  const type = tags.get("TYPE") ?? ""
  const filesystem = printable(Buffer.from(type, "latin1"), 32)
  if (mountable.has(type)) return { kind: "filesystem", filesystem, state: "Available" }
  if (type === "crypto_LUKS" || type === "BitLocker")
    return { kind: "encrypted", state: "Locked", reason: "VolumeLocked", message: `Encrypted with ${lockName(type)}.` }
  if (type.endsWith("_raid_member"))
    return {
      kind: "raid",
      state: "Incomplete",
      reason: "VolumeIncomplete",
      message: "Member of a RAID array that could not be started; too many of its disks are missing.",
    }
  if (type === "LVM2_member") return unsupported("lvm", "An LVM physical volume without logical volumes.")
  if (type === "swap") return unsupported("swap", "Swap space holds no files.")
  if (isDynamicDisk(tags)) return unsupported("partitions", "Windows dynamic disk.")
  if (tags.get("ERROR") === "8")
    return unsupported("unknown", "Signatures of several formats; which one is valid is unclear.")
  if (type !== "") return { ...unsupported("filesystem", `${filesystem} is not supported.`), filesystem }
  if (tags.has("PTTYPE") && node.type !== "partition")
    return unsupported("partitions", "A partition table without partitions that could be read.")
  return unsupported("unknown", "No file system or partition table was found; empty, or of an unknown format.")
}

const lockName = (type: string) => (type === "BitLocker" ? "BitLocker" : "LUKS")

/** MBR type 0x42, or the two GPT types of the Logical Disk Manager. */
function isDynamicDisk(tags: Tags): boolean {
  const types = ["0x42", "5808c8aa-7e8f-42e0-85d2-e1e90434cfb3", "af9b60a0-1431-4f62-bc68-3311714a69ad"]
  return types.includes(tags.get("PART_ENTRY_TYPE") ?? "")
}

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
