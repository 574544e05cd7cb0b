import { RecoveryError, reasonOf } from "../../api/reasons.ts"
import type { FilesClient } from "../../client/files-client.ts"
import type { Volumes } from "../../files/schemas.ts"
import { pointPath } from "../../guest/side-by-side.ts"
import { showRemotePath, type RemotePath } from "../remote-path.ts"
import { compareTrees, type CompareOptions, type Difference } from "./compare.ts"
import { sessionTree } from "./session-tree.ts"
import { byNameBytes, type Tree, type TreeEntry } from "./tree.ts"

/** What one recovery point has in another way than the one before it, both counted from 1. */
export interface PointDifference extends Difference {
  readonly points: readonly [number, number]
}

export interface PointsCompared extends CompareOptions {
  /** Told of each volume that can't be read, and so is not compared. */
  readonly grumbled: (words: string) => void
  readonly signal: AbortSignal
}

/**
 * Compares the same place in all recovery points of a session, each with the next in the session's order; the volume is named
 * without its point, or with any. `SESSION:/` is all volumes. Rejects with UsageError where there is one recovery point only,
 * and with PathNotFound where none has the place.
 */
export async function* comparePoints(
  files: FilesClient,
  place: RemotePath,
  options: PointsCompared,
): AsyncGenerator<PointDifference> {
  const { volumes, disks } = await files.volumes()
  const count = Math.max(0, ...disks.map(({ point = 0 }) => point))
  if (count < 2)
    throw new RecoveryError("UsageError", `${place.session} has one recovery point; name what to compare it with.`)
  const inside = { ...place, volume: place.volume?.replace(/^point\d+-/, "") }
  const trees: (Tree | undefined)[] = []
  for (let point = 1; point <= count; point++)
    trees.push(
      inside.volume === undefined
        ? volumesTree(files, point, volumes, options)
        : await treeOf(files, pointPath(point, inside.volume), inside.components, options.signal),
    )
  if (trees.every((tree) => tree === undefined))
    throw new RecoveryError("PathNotFound", `No recovery point has ${showRemotePath(place)}.`)
  for (const [index, after] of trees.entries()) {
    const before = trees[index - 1]
    if (index === 0) continue
    for await (const difference of pair(before, after, options)) yield { ...difference, points: [index, index + 1] }
  }
}

async function* pair(
  before: Tree | undefined,
  after: Tree | undefined,
  options: CompareOptions,
): AsyncGenerator<Difference> {
  if (before && after) yield* compareTrees(before, after, options)
  else if (before) yield { path: [], change: "removed", fields: [], before: before.root }
  else if (after) yield { path: [], change: "added", fields: [], after: after.root }
}

/** The place in one point; undefined where that has none. */
async function treeOf(
  files: FilesClient,
  volume: string,
  components: readonly Buffer[],
  signal: AbortSignal,
): Promise<Tree | undefined> {
  try {
    return await sessionTree(files, { volume, components }, signal)
  } catch (error) {
    if (reasonOf(error) === "PathNotFound") return undefined
    throw error
  }
}

/** All volumes of a point, as directories that are called as they are in every point. */
function volumesTree(
  files: FilesClient,
  point: number,
  volumes: Volumes["volumes"],
  { grumbled, signal }: PointsCompared,
): Tree {
  const own = volumes.filter((volume) => volume.point === point)
  const nameOf = (path: string) => path.slice(pointPath(point, "").length)
  const isReadable = ({ state }: { state: string }) => state === "Mounted" || state === "Available"
  for (const { path, state } of own.filter((volume) => !isReadable(volume)))
    grumbled(`/${path} is not compared: ${state}`)
  const directory = (name: string): TreeEntry => ({
    name: Buffer.from(name),
    type: "directory",
    sizeBytes: 0,
    mtime: 0,
  })
  const volume = (name: Buffer | undefined) =>
    sessionTree(files, { volume: pointPath(point, String(name)), components: [] }, signal)
  return {
    root: directory(""),
    async list([name, ...below]) {
      if (name !== undefined) return (await volume(name)).list(below)
      return own
        .filter(isReadable)
        .map(({ path }) => directory(nameOf(path)))
        .sort(byNameBytes)
    },
    sum: async ([name, ...below]) => (await volume(name)).sum(below),
  }
}
