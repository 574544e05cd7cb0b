/**
 * `npm run test:faults`: plays every fault on the real cluster and prints a table. Exits 1 when anything is not as it should be.
 *
 *   -- --only WORDS   faults whose name or group has these words (a regular expression); may be given several times
 *   -- --list         only says which there are
 *   -- -o json        the results as JSON, with all that the sessions said
 *
 * A cluster that is up stays up, any other is taken down at the end.
 */
import type { Cluster } from "../support/cluster.ts"
import { playOnCluster, type Wanted } from "../support/play-on-cluster.ts"
import type { Fault, Group } from "./fault.ts"
import { groups } from "./groups.ts"
import type { Result } from "./play.ts"
import { line, table } from "./report.ts"
import { Theatre } from "./theatre.ts"

/** The faults of a group that are asked for. */
const chosen = ({ name, faults }: Group, isWanted: Wanted): Fault[] =>
  faults.filter((fault) => isWanted(name, fault.name))

async function play(cluster: Cluster, isWanted: Wanted, told: (result: Result) => void): Promise<void> {
  await using theatre = new Theatre(cluster)
  for (const group of groups) {
    const wanted = chosen(group, isWanted)
    if (wanted.length === 0) continue
    await using surroundings = new AsyncDisposableStack()
    const takeDown = await group.setUp?.()
    surroundings.defer(async () => void (await takeDown?.()))
    for (const fault of wanted) told(await theatre.play(fault))
  }
}

const list = (isWanted: Wanted) =>
  groups.flatMap((group) => chosen(group, isWanted).map(({ name }) => `${group.name.padEnd(10)} ${name}`))

await playOnCluster({ list, play, line, table })
