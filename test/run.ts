/**
 * `npm test`: check (with the unit tests), then side by side integration and end-to-end on the real cluster. Every step is
 * timed, its output goes to build/test/<step>.log and its end to the terminal when the step fails. The last line is the sum; a
 * skipped test is a failure.
 *
 * CLUSTER_KEEP=1 leaves the cluster up afterwards.
 */
import { execFileSync } from "node:child_process"
import { readFileSync, rmSync } from "node:fs"
import { join } from "node:path"
import { endSteps, runStep, tail } from "./support/step.ts"
import { add, summary, type Tally, tally } from "./support/tally.ts"

const root = join(import.meta.dirname, "..")
const logs = join(root, "build/test")
const cluster = join(root, "test/cluster/cluster")
const times: [step: string, seconds: number, result: string][] = []
let total: Tally = { passed: 0, failed: 0, skipped: 0 }
let interrupted = false

/** Runs a step; `tests` says that it leaves a report to count, otherwise only its failure counts. */
async function step(name: string, minutes: number, command: string[], tests = false, env = {}): Promise<boolean> {
  const log = join(logs, `${name}.log`)
  const report = join(logs, `${name}.json`)
  rmSync(report, { force: true })
  console.log(`${name}: ${command.join(" ").replaceAll(`${root}/`, "")}`)
  const started = performance.now()
  const code = await runStep({ command, log, minutes, env: { NO_COLOR: "1", TEST_REPORT: report, ...env } })
  const seconds = (performance.now() - started) / 1000
  const result = tests ? tally(readReport(report), code) : { passed: 0, failed: code === 0 ? 0 : 1, skipped: 0 }
  total = add(total, result)
  times.push([name, seconds, tests ? summary(result) : code === 0 ? "done" : `failed with exit code ${code}`])
  const good = code === 0 && result.failed + result.skipped === 0
  if (!good)
    console.log(
      `${tail(log, 60)}\n${name} ${code === 124 ? `took longer than ${minutes} minutes` : "failed"}; all of it: ${log}`,
    )
  return good
}

const vitest = (project: string): string[] => [
  join(root, "node_modules/.bin/vitest"),
  "run",
  `--root=${root}`,
  `--project=${project}`,
  "--reporter=verbose",
  "--reporter=json",
  `--outputFile.json=${join(logs, `${project}.json`)}`,
]

async function endToEnd(): Promise<void> {
  // what ran before may be in any state and of any age
  const ready =
    (await step("clean", 5, [cluster, "down"])) &&
    (await step("cluster", 60, [cluster, "up"])) &&
    (await step("images", 30, [join(root, "scripts/images.sh")])) &&
    (await step("cli", 5, [join(root, "scripts/build-cli.sh")]))
  if (ready && !interrupted) {
    const [kubeconfig, bin] = ["kubeconfig", "bin"].map((word) =>
      execFileSync(cluster, [word], { encoding: "utf8" }).trim(),
    )
    await step("e2e", 60, vitest("e2e"), true, { KUBECONFIG: kubeconfig, PATH: `${bin}:${process.env["PATH"]}` })
  }
  if (process.env["CLUSTER_KEEP"]) return
  await step("down", 5, [cluster, "down"])
  await step("leftovers", 1, [cluster, "leftovers"])
}

function readReport(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    interrupted = true
    endSteps()
  })
}

await step("check", 10, [join(root, "scripts/check.sh")], true)
// each leaves a core idle half of the time, and neither looks at what the other makes
if (!interrupted) await Promise.all([step("integration", 50, vitest("integration"), true), endToEnd()])
if (interrupted) total = add(total, { passed: 0, failed: 1, skipped: 0 })

console.log()
for (const [name, seconds, result] of times)
  console.log(`${name.padEnd(12)} ${seconds.toFixed(1).padStart(7)} s  ${result}`)
console.log(summary(total))
process.exitCode = total.failed + total.skipped === 0 ? 0 : 1
