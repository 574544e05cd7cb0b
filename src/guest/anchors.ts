import type { GuestDisk } from "./disks.ts"
import type { BlockNode, ProbeAnswer } from "./probe-answer.ts"

const maxDepth = 64

/**
 * What each device is called by what stays the same from one guest to the next: the serials of its disks, numbers of
 * partitions, and of a logical volume its UUID. The kernel's names are another order each time, and a group that is a byte
 * clone gets another UUID.
 */
export function anchorsOf(
  { nodes }: ProbeAnswer,
  disks: readonly Pick<GuestDisk, "serial">[],
): (device: string) => string {
  const byName = new Map(nodes.map((node) => [node.name, node]))
  const known = new Map<string, string>()
  const find = (name: string, depth: number): string => {
    const node = byName.get(name)
    const anchor = known.get(name) ?? (node === undefined || depth > maxDepth ? "?" : make(node, depth))
    known.set(name, anchor)
    return anchor
  }
  const make = (node: BlockNode, depth: number) => {
    if (node.type === "disk") return disks[node.index]?.serial ?? "?"
    const below = node.parts.map((part) => find(part, depth + 1)).sort()
    const on = below.length === 1 ? below.join("") : `(${below.join(" ")})`
    if (node.type === "partition") return `${on}/${node.number}`
    if (node.type === "array") return `${on}/md`
    return `${on}/${mappedName(node.uuid)}`
  }
  return (device) => find(device, 0)
}

/** Of LVM the volume's own UUID without the group's; what is unlocked is called after the kernel's name of what it lies in. */
function mappedName(uuid: string): string {
  if (uuid.startsWith("LVM-")) return uuid.slice("LVM-".length + 32)
  return uuid.startsWith("CRYPT-") ? "unlocked" : uuid
}
