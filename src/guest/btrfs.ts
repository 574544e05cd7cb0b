import type { BlockNode, ProbeAnswer } from "./probe-answer.ts"

/**
 * The file systems of Btrfs that lie on several devices: by the first device of each, all of them. Devices of one say the
 * same UUID, and each a UUID_SUB of its own; a second device with a UUID_SUB already seen is a copy, and begins another.
 */
export function btrfsDevices(
  found: ProbeAnswer,
  ordered: readonly BlockNode[],
): ReadonlyMap<string, readonly BlockNode[]> {
  const sets: { uuid: string; members: Map<string, BlockNode> }[] = []
  for (const node of ordered) {
    const tags = found.tags.get(node.name)
    const [uuid, sub] = [tags?.get("UUID"), tags?.get("UUID_SUB")]
    if (tags?.get("TYPE") !== "btrfs" || uuid === undefined || sub === undefined) continue
    const set = sets.find((set) => set.uuid === uuid && !set.members.has(sub))
    if (set === undefined) sets.push({ uuid, members: new Map([[sub, node]]) })
    else set.members.set(sub, node)
  }
  return new Map(
    sets.flatMap(({ members }) => {
      const nodes = [...members.values()]
      const [first] = nodes
      return first === undefined ? [] : [[first.name, nodes] as const]
    }),
  )
}
