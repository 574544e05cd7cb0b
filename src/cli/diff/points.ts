import { RecoveryError, reasonOf } from "../../api/reasons.ts"
import type { FilesClient } from "../../client/files-client.ts"
import type { Volumes } from "../../files/schemas.ts"
import { pointPath } from "../../guest/side-by-side.ts"
import { showRemotePath, type RemotePath } from "../remote-path.ts"
import { compareTrees, type CompareOptions, type Difference } from "./compare.ts"
import { sessionTree } from "./session-tree.ts"
import { byNameBytes, type Tree, type TreeEntry } from "./tree.ts"

const anyPoint = /^point\d+-/

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
  const { components, volume } = place
  const names = volume === undefined ? comparableNames(volumes, options.grumbled) : new Set<string>()
  const trees: (Tree | undefined)[] = []
  for (let point = 1; point <= count; point++) {
    const own = volumes.filter((one) => one.point === point).map(({ path }) => nameOf(path))
    trees.push(
      volume === undefined
        ? volumesTree(
            files,
            point,
            own.filter((name) => names.has(name)),
            options.signal,
          )
        : await treeOf(files, pointPath(point, nameOf(volume)), components, options.signal),
    )
  }
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

/** The names, without their points, of volumes that can be read in every point that has them. Grumbles of all others. */
function comparableNames(volumes: Volumes["volumes"], grumbled: PointsCompared["grumbled"]): ReadonlySet<string> {
  const unread = volumes.filter(({ state }) => state !== "Mounted" && state !== "Available")
  for (const { path, state } of unread) grumbled(`/${path} is ${state}: ${nameOf(path)} is not compared`)
  const left = new Set(unread.map(({ path }) => nameOf(path)))
  return new Set(volumes.map(({ path }) => nameOf(path)).filter((name) => !left.has(name)))
}

/** Volumes of a point, as directories that are called as they are in every point. */
function volumesTree(files: FilesClient, point: number, names: readonly string[], signal: AbortSignal): Tree {
  const trees = new Map<string, Promise<Tree>>()
  const volume = (name: Buffer) => {
    const path = pointPath(point, name.toString())
    const tree = trees.get(path) ?? sessionTree(files, { volume: path, components: [] }, signal)
    trees.set(path, tree)
    return tree
  }
  const directory = (name: string): TreeEntry => ({
    name: Buffer.from(name),
    type: "directory",
    sizeBytes: 0,
    mtime: 0,
  })
  return {
    root: directory(""),
    list: async ([name, ...below]) =>
      name === undefined ? names.map(directory).sort(byNameBytes) : (await volume(name)).list(below),
    sum: async ([name = noName, ...below]) => (await volume(name)).sum(below),
  }
}

const noName = Buffer.alloc(0)
const nameOf = (path: string) => path.replace(anyPoint, "")
