/**
 * `npm run test:files`: takes names and metadata from hell out of a session on the real cluster by every way there is, with
 * the programs that people use, types every command of docs/using.md and docs/copy.md, and prints a table. Exits 1 when anything is
 * not as it should be.
 *
 *   -- --only WORDS   ways whose name has these words (a regular expression), or `stories`; may be given several times
 *   -- --list         only says which there are
 *   -- -o json        the results as JSON
 *
 * A cluster that is up stays up, any other is taken down at the end.
 */
import type { Cluster } from "../support/cluster.ts"
import { takeInventory } from "../support/inventory.ts"
import { nothingLeft } from "../support/nothing-left.ts"
import { playOnCluster, type Wanted } from "../support/play-on-cluster.ts"
import { play as playWay } from "./play.ts"
import { line, type Result, table } from "./report.ts"
import { Scene } from "./scene.ts"
import { setStage } from "./stage.ts"
import { tellStories } from "./tell.ts"
import { ways } from "./ways.ts"

const chosen = (isWanted: Wanted) => ways.filter(({ name }) => isWanted(name))

async function play(cluster: Cluster, isWanted: Wanted, told: (result: Result) => void): Promise<void> {
  await using stage = await setStage(cluster)
  const before = await takeInventory(cluster)
  const session = "ways"
  const scene = new Scene(cluster, { ...stage, session })
  await scene.type(`kubectl recover create ${session} --from pvc/data-orders-0 --wait -q`, stage.home)
  for (const way of chosen(isWanted)) told(await playWay(way, scene))
  await scene.type(`kubectl recover unmount ${session} -q`, stage.home)
  if (isWanted("stories")) await tellStories(stage, told)
  await nothingLeft(cluster, before, /^FileRecovery(?:Copy|Session) /)
}

const list = (isWanted: Wanted) => [
  ...chosen(isWanted).map(({ name }) => name),
  ...(isWanted("stories") ? ["stories"] : []),
]

await playOnCluster({ list, play, line, table })
