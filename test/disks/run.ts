/**
 * `npm run test:disks`: makes every set of disks of the table with the tools of the machines that have such, gives it to
 * a session, and prints a matrix. Exits 1 when anything is not as it should be.
 *
 *   -- --only WORDS   rows whose group or name has these words (a regular expression); may be given several times
 *   -- --list         only says which there are
 *   -- --verbose      what the workshop says
 *   -- --fuzz N       instead: N sessions with disks of which something was overwritten; --seed S names the first (fuzz.ts)
 *   -- -o json        the results as JSON
 */
import { parseArgs } from "node:util"
import { fuzzImages, fuzzLine, fuzzRound } from "./fuzz.ts"
import { makeImages } from "./images.ts"
import { play, type Result } from "./play.ts"
import { line, matrix } from "./report.ts"
import { idOf, type Row } from "./row.ts"
import { rows } from "./rows.ts"

const { values: options } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    list: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    fuzz: { type: "string" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    output: { type: "string", short: "o", default: "table" },
  },
})
const patterns = options.only.map((words) => new RegExp(words, "i"))
const chosen = rows.filter(
  ({ group, name }) => patterns.length === 0 || patterns.some((pattern) => pattern.test(`${group}: ${name}`)),
)
const interrupted = new AbortController()
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort())

async function playAll(): Promise<Result[]> {
  const { folders, failed } = await makeImages(chosen, (line) => {
    if (options.verbose || line.startsWith("ROW ")) console.error(line)
  })
  const results: Result[] = []
  for (const row of chosen) {
    const words = failed.get(idOf(row))
    const result = words === undefined ? await playOne(row, folders) : notPlayed(row, `it was not made: ${words}`)
    results.push(result)
    console.error(line(result))
    for (const deviation of result.deviations) console.error(`       ${deviation}`)
  }
  return results
}

async function playOne(row: Row, folders: ReadonlyMap<string, string>): Promise<Result> {
  try {
    const { results, foreign } = await play([row], { folders, signal: interrupted.signal })
    const [result = notPlayed(row, "nothing came of it")] = results
    return { ...result, deviations: [...result.deviations, ...foreign] }
  } catch (error) {
    interrupted.signal.throwIfAborted()
    return notPlayed(row, String(error))
  }
}

function notPlayed({ group, name }: Row, deviation: string): Result {
  const nothing = { found: [], compared: 0, unchanged: false, seconds: 0, catalogueSeconds: 0, peakMiB: 0 }
  return { group, row: name, ...nothing, deviations: [deviation] }
}

async function fuzz(rounds: number, first: number): Promise<boolean> {
  const images = await fuzzImages((line) => {
    if (options.verbose || line.startsWith("ROW ")) console.error(line)
  })
  let good = true
  for (let seed = first; seed < first + rounds; seed++) {
    const round = await fuzzRound(seed, images, interrupted.signal)
    console.log(fuzzLine(round))
    good &&= round.deviations.length === 0
  }
  return good
}

if (options.fuzz !== undefined) process.exitCode = (await fuzz(Number(options.fuzz), Number(options.seed))) ? 0 : 1
else if (options.list) for (const { group, name } of chosen) console.log(`${group}: ${name}`)
else {
  const results = await playAll()
  console.log(options.output === "json" ? JSON.stringify(results, undefined, 2) : `\n${matrix(results)}`)
  const isGood = results.length > 0 && results.every(({ deviations }) => deviations.length === 0)
  process.exitCode = isGood ? 0 : 1
}
