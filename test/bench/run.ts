/**
 * `npm run bench -- NAME`: measures and prints tables; progress goes to standard error. Exits 1 when anything is not as it
 * should be. Without a name it says which there are.
 *
 *   -- scale [--sessions 10,100,1000]                 what so many sessions at once cost the operator; brings a cluster up
 *   -- disks [--disks 1,20,64] [--rounds 3]           from open to the complete catalogue, and trees, beside libguestfs;
 *            [--only sets|speed|compared]             needs this machine only
 *            [--rows WORDS]                           of those compared, the ones with these words in their names
 *   -- files [--rounds 3] [--size 1024]               reading files by cp, HTTP and SFTP, beside libguestfs; this machine only
 *            [--only page|tree|large|ten|readers]
 *   -- ... -o json                                    the figures as JSON
 */
import { parseArgs } from "node:util"
import type { Bench, BenchOptions } from "./bench.ts"
import { disks } from "./disks.ts"
import { files } from "./files.ts"
import { scale } from "./scale.ts"

const benches: Readonly<Record<string, Bench>> = { scale, disks, files }

const { positionals, values: flags } = parseArgs({
  allowPositionals: true,
  options: {
    sessions: { type: "string", default: "10,100,1000" },
    disks: { type: "string", default: "1,20,64" },
    rounds: { type: "string", default: "3" },
    size: { type: "string", default: "1024" },
    only: { type: "string", multiple: true, default: [] },
    rows: { type: "string", default: "" },
    output: { type: "string", short: "o", default: "table" },
  },
})

/** "10,100": how many each time. Undefined when that is not what it says. */
function counts(text: string): number[] | undefined {
  const numbers = text.split(",").map(Number)
  return numbers.every((one) => Number.isSafeInteger(one) && one > 0) ? numbers : undefined
}

/** One number. */
function count(text: string): number | undefined {
  const [number, ...more] = counts(text) ?? []
  return more.length === 0 ? number : undefined
}

function optionsOf(given: typeof flags): BenchOptions | undefined {
  const [sessions, disks] = [given.sessions, given.disks].map(counts)
  const [rounds, sizeMiB] = [given.rounds, given.size].map(count)
  if (!sessions || !disks || rounds === undefined || sizeMiB === undefined) return undefined
  return { sessions, disks, rounds, sizeMiB, only: given.only, rows: given.rows }
}

async function main(): Promise<void> {
  const bench = benches[positionals[0] ?? ""]
  const options = optionsOf(flags)
  if (!bench || !options || positionals.length > 1) {
    for (const [name, { about }] of Object.entries(benches)) console.error(`${name.padEnd(10)} ${about}`)
    process.exitCode = 2
    return
  }
  const { tables, figures, deviations } = await bench.run(options)
  const words = [...tables, ...deviations.map((one) => `FAILED ${one}`)].join("\n")
  console.log(flags.output === "json" ? JSON.stringify({ figures, deviations }, undefined, 2) : words)
  if (deviations.length > 0) process.exitCode = 1
}

await main()
