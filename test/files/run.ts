/**
 * `npm run test:files`: takes names and metadata from hell out of a session on the real cluster by every way there is, with
 * the programs that people use, types every command of docs/using.md and docs/copy.md, and prints a table. Exits 1 when anything is
 * not as it should be.
 *
 *   -- --only WORDS   ways whose name has these words (a regular expression), and no stories; may be given several times
 *   -- --list         only says which ways there are
 *   -- -o json        the results as JSON
 *
 * A cluster that is up stays up, any other is taken down at the end.
 */
import { parseArgs } from "node:util"
import { wordsOf } from "../faults/words.ts"
import { openCluster, repository } from "../support/cluster.ts"
import { installChart } from "../support/install.ts"
import { takeInventory } from "../support/inventory.ts"
import { nothingLeft } from "../support/nothing-left.ts"
import { run } from "../support/run.ts"
import { play } from "./play.ts"
import { line, type Result, table } from "./report.ts"
import { Scene } from "./scene.ts"
import { setStage } from "./stage.ts"
import { tellStories } from "./tell.ts"
import { ways } from "./ways.ts"

const script = `${repository}test/cluster/cluster`
const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    list: { type: "boolean", default: false },
    output: { type: "string", short: "o", default: "table" },
  },
})
const patterns = options.only.map((words) => new RegExp(words, "i"))
const chosen = ways.filter(({ name }) => patterns.length === 0 || patterns.some((pattern) => pattern.test(name)))

async function playAll(told: (result: Result) => void): Promise<void> {
  const cluster = await openCluster()
  await installChart(cluster)
  await using stage = await setStage(cluster)
  const before = await takeInventory(cluster)
  const session = "ways"
  const scene = new Scene(cluster, { ...stage, session })
  await scene.type(`kubectl recover create ${session} --from pvc/data-orders-0 --wait -q`, stage.home)
  for (const way of chosen) told(await play(way, scene))
  await scene.type(`kubectl recover unmount ${session} -q`, stage.home)
  if (patterns.length === 0) await tellStories(stage, told)
  await nothingLeft(cluster, before, /^FileRecovery(?:Copy|Session) /)
}

async function main(): Promise<void> {
  if (options.list) {
    for (const { name } of chosen) console.log(name)
    return
  }
  const isUp = (await run(script, ["status"], { accept: undefined })).code === 0
  const results: Result[] = []
  let isPlayed = false
  try {
    await run(script, ["up"])
    await run(`${repository}scripts/images.sh`, [])
    await run(`${repository}scripts/build-cli.sh`, [])
    await playAll((result) => {
      results.push(result)
      console.error([line(result), ...result.deviations.map((words) => `       ${words}`)].join("\n"))
    })
    isPlayed = true
  } catch (error) {
    console.error(`stopped: ${wordsOf(error)}`)
  } finally {
    console.log(options.output === "json" ? JSON.stringify(results, undefined, 2) : `\n${table(results)}`)
    const isGood = isPlayed && results.length > 0 && results.every(({ deviations }) => deviations.length === 0)
    if (!isGood) process.exitCode = 1
    if (!isUp) await run(script, ["down"])
  }
}

await main()
