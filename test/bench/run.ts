/**
 * `npm run bench -- NAME`: measures on the real cluster and prints tables; progress goes to standard error. Exits 1 when
 * anything is not as it should be. Without a name it says which there are.
 *
 *   -- scale [--sessions 10,100,1000]   what so many sessions at once cost the operator
 *   -- ... -o json                      the figures as JSON
 *
 * A cluster that is up stays up, any other is taken down at the end.
 */
import { parseArgs } from "node:util"
import { openCluster, repository } from "../support/cluster.ts"
import { run } from "../support/run.ts"
import type { Bench, Outcome } from "./bench.ts"
import { scale } from "./scale.ts"

const benches: Readonly<Record<string, Bench>> = { scale }

const script = `${repository}test/cluster/cluster`
const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    sessions: { type: "string", default: "10,100,1000" },
    output: { type: "string", short: "o", default: "table" },
  },
})

/** "10,100": how many sessions each time. Undefined when that is not what it says. */
function counts(text: string): number[] | undefined {
  const numbers = text.split(",").map(Number)
  return numbers.every((one) => Number.isSafeInteger(one) && one > 0) ? numbers : undefined
}

async function measure(bench: Bench, sessions: readonly number[]): Promise<Outcome> {
  const isUp = (await run(script, ["status"], { accept: undefined })).code === 0
  try {
    await run(script, ["up"])
    return await bench.run(await openCluster(), { sessions })
  } finally {
    if (!isUp) await run(script, ["down"])
  }
}

async function main(): Promise<void> {
  const bench = benches[positionals[0] ?? ""]
  const sessions = counts(options.sessions)
  if (!bench || !sessions || positionals.length > 1) {
    for (const [name, { about }] of Object.entries(benches)) console.error(`${name.padEnd(10)} ${about}`)
    process.exitCode = 2
    return
  }
  const { tables, figures, deviations } = await measure(bench, sessions)
  const words = [...tables, ...deviations.map((one) => `FAILED ${one}`)].join("\n")
  console.log(options.output === "json" ? JSON.stringify({ figures, deviations }, undefined, 2) : words)
  if (deviations.length > 0) process.exitCode = 1
}

await main()
