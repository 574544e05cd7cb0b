import { parseArgs } from "node:util"
import { type Cluster, openCluster, repository } from "./cluster.ts"
import { wordsOf } from "./error-words.ts"
import { installChart } from "./install.ts"
import { run } from "./run.ts"

/** What one thing that was played came to; without deviations it is as it should be. */
interface Played {
  readonly deviations: readonly string[]
}

/** A program that plays one thing after the other on the real cluster, and tells of them as lines and as a table. */
export interface Program<Result extends Played> {
  /** What `--list` prints. */
  list(isWanted: Wanted): readonly string[]
  /** Plays what is wanted; what it has told of stands also when it rejects. */
  play(cluster: Cluster, isWanted: Wanted, told: (result: Result) => void): Promise<void>
  line(result: Result): string
  table(results: readonly Result[]): string
}

/** Whether one of these names is asked for by `--only`; without that, all are. */
export type Wanted = (...names: string[]) => boolean

const script = `${repository}test/cluster/cluster`

/**
 * Runs it as the arguments say (`--only WORDS`, `--list`, `-o json`) with the chart installed. Exits 1 when anything is not as
 * it should be, or nothing was played. A cluster that is up stays up, any other is taken down at the end.
 */
export async function playOnCluster<Result extends Played>(program: Program<Result>): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      only: { type: "string", multiple: true, default: [] },
      list: { type: "boolean", default: false },
      output: { type: "string", short: "o", default: "table" },
    },
  })
  const patterns = options.only.map((words) => new RegExp(words, "i"))
  const isWanted: Wanted = (...names) =>
    patterns.length === 0 || names.some((name) => patterns.some((pattern) => pattern.test(name)))
  if (options.list) {
    console.log(program.list(isWanted).join("\n"))
    return
  }
  const isUp = (await run(script, ["status"], { accept: undefined })).code === 0
  const results: Result[] = []
  let isPlayed = false
  try {
    await run(script, ["up"])
    await run(`${repository}scripts/images.sh`, [])
    await run(`${repository}scripts/build-cli.sh`, [])
    const cluster = await openCluster()
    await installChart(cluster)
    await program.play(cluster, isWanted, (result) => {
      results.push(result)
      console.error([program.line(result), ...result.deviations.map((words) => `       ${words}`)].join("\n"))
    })
    isPlayed = true
  } catch (error) {
    console.error(`stopped after ${results.length}: ${wordsOf(error)}`)
  } finally {
    console.log(options.output === "json" ? JSON.stringify(results, undefined, 2) : `\n${program.table(results)}`)
    const isGood = isPlayed && results.length > 0 && results.every(({ deviations }) => deviations.length === 0)
    if (!isGood) process.exitCode = 1
    if (!isUp) await run(script, ["down"])
  }
}
