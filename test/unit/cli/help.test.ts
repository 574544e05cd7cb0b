import { readFileSync } from "node:fs"
import { PassThrough } from "node:stream"
import type { Command } from "commander"
import { expect, test } from "vitest"
import { makeProgram } from "../../../src/cli/program.ts"

/** What the plugin says of itself: every verb has examples, and no example, there or in the docs, has a verb or a flag there is none of. */
const out = new PassThrough()
const streams = { out, err: out, outIsTerminal: false, errIsTerminal: false }
const program = makeProgram({ streams, signal: new AbortController().signal }, [])
const verbs = program.commands.map((command) => [command.name(), command] as const)

function helpOf(command: Command): string {
  let text = ""
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp()
  return text
}

/** Words of a command line up to a pipe or the like; quotes are taken off. */
const wordsOf = (line: string) =>
  (line.split(/ [|>] | {2,}|; /)[0] ?? "").match(/'[^']*'|\S+/g)?.map((word) => word.replace(/^'|'$/g, "")) ?? []

/** What is wrong with a command line after the program's name. */
function problems(words: readonly string[]): string[] {
  const [name = "", ...rest] = words
  const verb = program.commands.find((command) => command.name() === name)
  if (!verb) return [`there is no verb ${name}`]
  const nested = verb.commands.find((command) => command.name() === rest[0])
  const { options } = nested ?? verb
  const own = rest.slice(0, rest.includes("--") ? rest.indexOf("--") : undefined)
  const flags = own.filter((word) => /^--?[a-zA-Z]/.test(word)).map((word) => word.replace(/=.*/, ""))
  return flags
    .filter((flag) => flag !== "--help" && options.every(({ long, short }) => flag !== long && flag !== short))
    .map((flag) => `${name} has no ${flag}`)
}

test.each(verbs)("%s says what it does, with examples that can be typed", (_, command) => {
  const help = helpOf(command)
  const examples = [...help.matchAll(/kubectl-recover ([a-z][^\n]*)/g)].map(([, line = ""]) => wordsOf(line))
  expect(examples.length).toBeGreaterThan(0)
  expect(examples.flatMap(problems)).toEqual([])
})

test.each(["README.md", "docs/using.md", "docs/install.md", "docs/preflight.md", "docs/disks.md", "docs/runbook.md"])(
  "what %s has people type, there is",
  (file) => {
    const text = readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8")
    const typed = [...text.matchAll(/kubectl[ -]recover ([a-z][^`\n]*)/g)].map(([, line = ""]) => wordsOf(line))
    expect(typed.filter(([verb]) => /^[a-z]+$/.test(verb ?? "")).flatMap(problems)).toEqual([])
  },
)

test("docs/using.md and README.md name every verb", () => {
  for (const file of ["docs/using.md", "README.md"]) {
    const text = readFileSync(new URL(`../../../${file}`, import.meta.url), "utf8")
    expect(verbs.map(([name]) => name).filter((name) => !text.includes(`\`${name}`))).toEqual([])
  }
})
