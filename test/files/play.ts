import { compareTrees } from "../disks/compare-trees.ts"
import { all } from "../disks/keeping.ts"
import { trees } from "../disks/trees.ts"
import { comparable, expectedWith } from "./losses.ts"
import type { Result } from "./report.ts"
import type { Scene } from "./scene.ts"
import type { Way } from "./way.ts"

/** Takes the tree by this way, and compares all that has arrived with all that had to. */
export async function play(way: Way, scene: Scene): Promise<Result> {
  const start = performance.now()
  const loses = (loss: (typeof way.loses)[number]) => way.loses.includes(loss)
  const { renames = (name) => name } = way
  const expected = expectedWith(trees.posix, way.loses, way.whose ?? { uid: 0, gid: 0 }).map((entry) => ({
    ...entry,
    name: renames(entry.name),
  }))
  let deviations: string[]
  try {
    const arrived = comparable(await way.take(scene), way.loses)
    const keeping = { ...all, hardLinks: !loses("hard links"), directoryTimes: !loses("directories' times") }
    deviations = compareTrees(expected, arrived, keeping)
  } catch (error) {
    deviations = [error instanceof Error ? error.message : String(error)]
  }
  const seconds = (performance.now() - start) / 1000
  return { kind: "way", name: way.name, compared: expected.length, loses: way.loses, seconds, deviations }
}
