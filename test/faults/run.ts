/**
 * `npm run test:faults`: plays every fault on the real cluster and prints a table. Exits 1 when anything is not as it should be.
 *
 *   -- --only WORDS   faults whose name or group has these words (a regular expression); may be given several times
 *   -- --list         only says which there are
 *   -- -o json        the results as JSON, with all that the sessions said
 *
 * A cluster that is up stays up, any other is taken down at the end.
 */
import { parseArgs } from "node:util"
import { openCluster, repository } from "../support/cluster.ts"
import { installChart } from "../support/install.ts"
import { run } from "../support/run.ts"
import type { Fault, Group } from "./fault.ts"
import { groups } from "./groups.ts"
import type { Result } from "./play.ts"
import { line, table } from "./report.ts"
import { Theatre } from "./theatre.ts"
import { wordsOf } from "./words.ts"

const script = `${repository}test/cluster/cluster`
const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    list: { type: "boolean", default: false },
    output: { type: "string", short: "o", default: "table" },
  },
})
const patterns = options.only.map((words) => new RegExp(words, "i"))

/** The faults of a group that are asked for. */
function chosen({ name, faults }: Group): Fault[] {
  const isWanted = (words: string) => patterns.some((pattern) => pattern.test(words))
  return faults.filter((fault) => patterns.length === 0 || isWanted(name) || isWanted(fault.name))
}

/** Plays what is asked for; the results so far stand also when it rejects. */
async function playAll(results: Result[]): Promise<void> {
  const cluster = await openCluster()
  await installChart(cluster)
  await using theatre = new Theatre(cluster)
  for (const group of groups) {
    const wanted = chosen(group)
    if (wanted.length === 0) continue
    await using surroundings = new AsyncDisposableStack()
    const takeDown = await group.setUp?.()
    surroundings.defer(async () => void (await takeDown?.()))
    for (const fault of wanted) {
      const result = await theatre.play(fault)
      results.push(result)
      console.error([line(result), ...result.deviations.map((words) => `       ${words}`)].join("\n"))
    }
  }
}

async function main(): Promise<void> {
  if (options.list) {
    for (const group of groups) for (const { name } of chosen(group)) console.log(`${group.name.padEnd(10)} ${name}`)
    return
  }
  const isUp = (await run(script, ["status"], { accept: undefined })).code === 0
  const results: Result[] = []
  let isPlayed = false
  try {
    await run(script, ["up"])
    await run(`${repository}scripts/images.sh`, [])
    await run(`${repository}scripts/build-cli.sh`, [])
    await playAll(results)
    isPlayed = true
  } catch (error) {
    console.error(`stopped after ${results.length} faults: ${wordsOf(error)}`)
  } finally {
    console.log(options.output === "json" ? JSON.stringify(results, undefined, 2) : `\n${table(results)}`)
    const isGood = isPlayed && results.length > 0 && results.every(({ deviations }) => deviations.length === 0)
    if (!isGood) process.exitCode = 1
    if (!isUp) await run(script, ["down"])
  }
}

await main()
