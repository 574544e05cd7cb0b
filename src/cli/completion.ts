import type { Command } from "commander"
import { setTimeout as delay } from "node:timers/promises"
import { RecoveryError } from "../api/reasons.ts"
import { complete, type Completion } from "./completion/complete.ts"
import { scripts } from "./completion/scripts.ts"
import { type Context, examples } from "./context.ts"
import { print } from "./output.ts"

const help = `${examples(
  "source <(kubectl-recover completion bash)              in ~/.bashrc",
  "source <(kubectl-recover completion zsh)               in ~/.zshrc, after compinit",
  "kubectl-recover completion fish | source               in ~/.config/fish/config.fish",
  "kubectl-recover completion kubectl > ~/bin/kubectl_complete-recover && chmod +x ~/bin/kubectl_complete-recover",
)}
Completes verbs, flags, sessions, claims, namespaces, and places in sessions (orders:/vg0-data/...), for which the session is
asked. The last one is for "kubectl recover <TAB>": kubectl's own completion calls it.`

/** `completion SHELL`: the script that has a shell complete what is typed. */
export function addCompletion(program: Command, { streams }: Context): void {
  program
    .command("completion")
    .description("print the script that completes command lines in a shell")
    .argument("<shell>", "bash, zsh, fish, or kubectl")
    .addHelpText("after", help)
    .action(async (shell: string) => {
      const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined
      if (script === undefined)
        throw new RecoveryError("UsageError", `"${shell}" is not known; use ${Object.keys(scripts).join(", ")}.`)
      await print(streams.out, script)
    })
}

/** After this nobody waits any more (milliseconds). */
const patienceMs = 5000

/** Bits of the last line, as cobra's programs write them. */
const noSpace = 2
const noFiles = 4

/**
 * `__complete WORDS...`, asked by the scripts: a line `value<TAB>about` for each candidate, then `:` and what else is to
 * be known. Whatever fails, there is nothing to complete: somebody is typing.
 */
export async function answerShell(program: Command, words: readonly string[], { streams }: Context): Promise<void> {
  const patience = new AbortController()
  const nothing: Completion = { candidates: [] }
  const { candidates, files, open }: Completion = await Promise.race([
    complete(program, words).catch(() => nothing),
    delay(patienceMs, nothing, { signal: patience.signal }).catch(() => nothing),
  ])
  patience.abort()
  const typed = words.at(-1) ?? ""
  const lines = candidates
    .filter(({ value }) => value.startsWith(typed))
    .map(({ value, about }) => (about === undefined ? value : `${value}\t${about}`))
  const directive = (open ? noSpace : 0) + (files ? 0 : noFiles)
  await print(streams.out, [...lines, `:${directive}`].map((line) => `${line}\n`).join(""))
}
