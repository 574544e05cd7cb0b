import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { repository } from "../support/cluster.ts"
import { run } from "../support/run.ts"
import type { Result } from "./report.ts"
import type { Stage } from "./stage.ts"
import { type Command, commandsOf, masked } from "./stories.ts"

/** Documents whose commands are typed one after the other, in this order. */
const documents = ["docs/using.md", "docs/copy.md"]
/** `diff` says by its exit code that there is a difference. */
const differences = 6

/** Types every command of the documents into a shell, as a reader would, and compares what it prints with what they say. */
export async function tellStories(stage: Stage, told: (result: Result) => void): Promise<void> {
  for (const document of documents)
    for (const command of commandsOf(await readFile(`${repository}${document}`, "utf8"))) {
      const start = performance.now()
      const deviations: string[] = []
      try {
        deviations.push(...(await type(command, stage)))
      } catch (error) {
        deviations.push(error instanceof Error ? error.message : String(error))
      }
      const seconds = (performance.now() - start) / 1000
      const { text, prints } = command
      told({ kind: "command", name: `$ ${text}`, compared: prints.length, loses: [], seconds, deviations })
    }
}

async function type({ text, prints, file }: Command, { env, home }: Stage): Promise<string[]> {
  if (file) await writeFile(join(home, file.name), file.content)
  if (text.startsWith("kubectl recover browse ")) return await browse(text, env, home)
  const script = `set -o pipefail; cd "$0"; ${text}`
  const accept = /recover diff /.test(text) ? [0, differences] : [0]
  const { stdout } = await run("bash", ["-euc", script, home], { env, accept })
  if (prints.length === 0) return []
  const [wanted, got] = [prints, stdout.trimEnd().split("\n")].map((lines) => lines.map(masked).join("\n"))
  return wanted === got ? [] : [`prints\n${got}\ninstead of\n${wanted}`]
}

/** It runs until Ctrl-C; the address that it prints has to answer. */
async function browse(text: string, env: NodeJS.ProcessEnv, home: string): Promise<string[]> {
  const child = spawn("bash", ["-euc", `cd "$0"; exec ${text} --no-open`, home], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  })
  const ended = once(child, "close")
  try {
    const [address] = (await once(createInterface({ input: child.stdout }), "line")) as [string]
    const { status } = await fetch(address)
    return status === 200 ? [] : [`${address} answers ${status}`]
  } finally {
    child.kill("SIGINT")
    await ended
  }
}
