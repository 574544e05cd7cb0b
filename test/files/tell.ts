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
/** What runs until Ctrl-C. */
const lasting = /^kubectl recover (?:browse|sftp .*--print)/
const prompt = "sftp> "

/** Types every command of the documents into a shell, as a reader would, and compares what it prints with what they say. */
export async function tellStories(stage: Stage, told: (result: Result) => void): Promise<void> {
  await makeKeys(stage)
  for (const document of documents) {
    let story = ""
    const variables: string[] = []
    for (const command of commandsOf(await readFile(`${repository}${document}`, "utf8"))) {
      // each begins with no session
      if (story !== command.story)
        await run("kubectl", ["delete", "frsess,frcopy", "--all", "--timeout=120s"], { env: stage.env })
      story = command.story
      const start = performance.now()
      const deviations: string[] = []
      try {
        if (/^[A-Z]+=/.test(command.text)) variables.push(`${command.text}; `)
        else deviations.push(...(await type(command, stage, variables.join(""))))
      } catch (error) {
        deviations.push(error instanceof Error ? error.message : String(error))
      }
      const seconds = (performance.now() - start) / 1000
      const { text, prints } = command
      told({ kind: "command", name: `$ ${text}`, compared: prints.length, loses: [], seconds, deviations })
    }
  }
}

/** Ann's public key, and Ben's with the private one where OpenSSH has it. */
async function makeKeys({ home, env }: Stage): Promise<void> {
  const script = `cd "$0"; mkdir -m 700 .ssh; for key in ann .ssh/id_ed25519; do ssh-keygen -q -t ed25519 -N "" -C "" -f "$key"; done
    mv .ssh/id_ed25519.pub ben.pub; rm ann`
  await run("bash", ["-euc", script, home], { env })
}

async function type({ text, prints, file }: Command, { env, home }: Stage, variables: string): Promise<string[]> {
  if (file) await writeFile(join(home, file.name), file.content)
  if (lasting.test(text)) return await untilCtrlC(text, env, home)
  const typed = prints.filter((line) => line.startsWith(prompt)).map((line) => line.slice(prompt.length))
  const isSftp = text.startsWith("kubectl recover sftp ")
  const script = `set -o pipefail; cd "$0"; ${variables}${text}${isSftp ? " -b -" : ""}`
  const accept = /recover diff /.test(text) ? [0, differences] : [0]
  const { stdout } = await run("bash", ["-euc", script, home], { env, accept, input: `${typed.join("\n")}\n` })
  if (prints.length === 0 || isSftp) return []
  const [wanted, got] = [prints, stdout.trimEnd().split("\n")].map((lines) => lines.map(masked).join("\n"))
  return wanted === got ? [] : [`prints\n${got}\ninstead of\n${wanted}`]
}

/** What it prints first is waited for; when that is the address of a page, it has to answer. */
async function untilCtrlC(text: string, env: NodeJS.ProcessEnv, home: string): Promise<string[]> {
  const flags = / browse /.test(text) ? " --no-open" : ""
  const child = spawn("bash", ["-euc", `cd "$0"; exec ${text} -q${flags}`, home], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  })
  const ended = once(child, "close")
  try {
    const lines = createInterface({ input: child.stdout })
    const [first] = (await Promise.race([once(lines, "line"), ended.then(() => ["it ended"])])) as [string]
    if (!flags) return first.startsWith("SFTP of ") ? [] : [first]
    const { status } = await fetch(first)
    return status === 200 ? [] : [`${first} answers ${status}`]
  } finally {
    child.kill("SIGINT")
    await ended
  }
}
