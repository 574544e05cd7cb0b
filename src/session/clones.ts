import type { CloneStatus } from "../api/status.ts"
import { claimGeneration, namesOf, podGeneration } from "../children/names.ts"
import type { Observed } from "./observed.ts"
import type { Succession } from "./succession.ts"

/** The clones a session goes by, one per disk. */
export const inUse = (clones: readonly CloneStatus[]) => clones.filter(({ lostNode }) => lostNode === undefined)

/** Those that lost nodes still hold. */
export const stranded = (clones: readonly CloneStatus[]) => clones.filter(({ lostNode }) => lostNode !== undefined)

/**
 * A volume stays attached to a node that is lost, so the next target gets clones of its own, made of the same snapshots.
 * Returns all clones with these in front, to be written down before one of them is made; undefined when there is
 * nothing to replace. Which clones a target is for shows in their names.
 */
export function replaceClones(
  clones: readonly CloneStatus[],
  target: Succession,
  { session }: Observed,
): CloneStatus[] | undefined {
  const generation = podGeneration(target.name)
  const current = inUse(clones)
  const isDue = target.lost?.reason === "NodeUnreachable" && target.create
  if (!isDue || current.every(({ claim }) => claimGeneration(claim) >= generation)) return undefined
  const names = namesOf(session)
  // what converted their volume mode now serves those that take their place
  const fresh = current.map(({ storageClassName, size, snapshot, content }, disk) => ({
    claim: names.claim(disk, generation),
    storageClassName,
    size,
    ...(snapshot !== undefined && { snapshot }),
    ...(content && { content }),
  }))
  const held = current.map(({ claim, storageClassName, size, persistentVolume }) => ({
    claim,
    storageClassName,
    size,
    ...(persistentVolume !== undefined && { persistentVolume }),
    lostNode: target.lostNode ?? "",
  }))
  return [...fresh, ...held, ...stranded(clones)]
}
