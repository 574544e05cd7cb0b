import type { Volume } from "../catalogue.ts"
import type { DynamicDisks } from "../ldm/discover.ts"
import { logicalVolumes } from "../place.ts"
import { printable } from "../printable.ts"
import type { BlockNode, ProbeAnswer, Tags } from "../probe-answer.ts"
import type { Mount } from "./facts.ts"

/** Names by which systems tell volumes apart: `UUID=...`, `lvm vg0/root`, `mbr SIGNATURE OFFSET`, `guid ...`. */
export type Marks = ReadonlyMap<string, readonly string[]>

/** The marks of every device, by its kernel name. */
export function marksOf(found: ProbeAnswer, dynamic: DynamicDisks): Marks {
  return new Map(
    found.nodes.map((node) => {
      const tags = found.tags.get(node.name)
      return [node.name, [...tagMarks(tags), ...placeMarks(node, tags, found), ...mappedMarks(node, found, dynamic)]]
    }),
  )
}

function tagMarks(tags: Tags | undefined): string[] {
  const named = [
    ["UUID", "UUID"],
    ["LABEL", "LABEL"],
    ["PART_ENTRY_UUID", "PARTUUID"],
    ["PART_ENTRY_NAME", "PARTLABEL"],
  ] as const
  return named.flatMap(([tag, kind]) => {
    const value = tags?.get(tag)
    return value === undefined ? [] : [`${kind}=${kind.endsWith("UUID") ? value.toLowerCase() : value}`]
  })
}

function placeMarks(node: BlockNode, tags: Tags | undefined, found: ProbeAnswer): string[] {
  if (node.type !== "partition") return []
  const uuid = tags?.get("PART_ENTRY_UUID")?.toLowerCase()
  const disk = found.tags.get(node.parts[0])
  if (disk?.get("PTTYPE") === "gpt") return uuid === undefined ? [] : [`guid ${uuid}`]
  const signature = disk?.get("PTUUID")
  return signature === undefined ? [] : [`mbr ${signature.toLowerCase()} ${node.start * 512}`]
}

function mappedMarks(node: BlockNode, found: ProbeAnswer, dynamic: DynamicDisks): string[] {
  if (node.type !== "mapped") return []
  const volume = dynamic.volumes.find(({ uuid }) => uuid === node.uuid)
  if (volume !== undefined) return [`guid ${volume.uuid.slice(4, 40)}`]
  const logical = logicalVolumes(found.groups).get(node.uuid)
  return logical === undefined ? [] : [`lvm ${logical.group.name}/${logical.volume.name}`]
}

/** The drive letters that the databases of dynamic disks keep. */
export function hintedLetters(dynamic: DynamicDisks): Mount[] {
  return dynamic.volumes.flatMap(({ uuid, hint }) =>
    hint === undefined ? [] : [{ mark: `guid ${uuid.slice(4, 40)}`, at: printable(Buffer.from(hint, "latin1"), 16) }],
  )
}

/**
 * Where each volume was mounted, by what all systems that were found say; only where their mark is that of one volume. Several
 * places of one volume (subvolumes, bind mounts) are all named.
 */
export function mountPoints(
  volumes: readonly Volume[],
  marks: Marks,
  mounts: readonly Mount[],
): ReadonlyMap<string, string> {
  const places = new Map<string, Set<string>>()
  for (const { mark, at } of mounts) {
    const [volume, ...others] = volumes.filter(({ device }) => marks.get(device)?.includes(mark) === true)
    if (volume === undefined || others.length > 0) continue
    places.set(volume.path, (places.get(volume.path) ?? new Set()).add(at))
  }
  return new Map([...places].map(([path, at]) => [path, [...at].slice(0, 8).join(", ")]))
}
