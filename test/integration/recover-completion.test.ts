import { spawn } from "node:child_process"
import { once } from "node:events"
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect, test } from "vitest"
import { directorySource } from "../support/directory-source.ts"
import { type RecoverLab, recoverLab, run } from "../support/recover-lab.ts"

/** What shells are told while a command line of `kubectl recover` is typed. */
let lab: RecoverLab
let root: string
const cluster = () => ["-n", "shop", "--kubeconfig", lab.kubeconfig]

/** The candidates for the last word, and what else is said. */
async function complete(verb: string[], ...typed: string[]): Promise<string[]> {
  const { code, out, err } = await run(["__complete", ...verb, ...(verb.length > 0 ? cluster() : []), ...typed])
  expect([code, err]).toEqual([0, ""])
  return out.trimEnd().split("\n")
}

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "completion-"))
  mkdirSync(join(root, "Program Files"))
  writeFileSync(join(root, "Program Files/a\x1b[2J\n"), "")
  writeFileSync(join(root, "plain"), "")
  lab = await recoverLab(directorySource(root))
  await lab.run(["create", "orders", "--from", "pvc/data-0", "--wait"])
})
afterAll(async () => {
  await lab[Symbol.asyncDispose]()
  rmSync(root, { recursive: true })
})

test.each([
  ["verbs", [], ["un"], [expect.stringMatching(/^unmount\tend sessions/), ":4"]],
  ["flags", ["unmount"], ["--n"], [expect.stringMatching(/^--no-wait\t/), ":4"]],
  ["a flag that is there is not told again", ["get", "-w"], ["--w"], [":4"]],
  [
    "one that may come again is",
    ["create", "x", "--from", "pvc/a"],
    ["--fr"],
    [expect.stringMatching(/^--from\t/), ":4"],
  ],
  ["verbs of a verb", [], ["audit", "ver"], [expect.stringMatching(/^verify\t/), ":4"]],
  ["and what comes after those", ["audit", "show"], [""], ["orders", ":4"]],
  ["formats", ["points"], ["-o", ""], ["wide", "json", "yaml", "name", ":4"]],
  ["a value after its flag", ["create", "x"], ["--journal=s"], ["--journal=skip", ":4"]],
  ["sessions", ["describe"], ["o"], ["orders", ":4"]],
  ["each session once", ["describe"], ["orders", ""], [":4"]],
  ["sessions of another namespace", ["describe"], ["shop/"], ["shop/orders", ":4"]],
  ["claims, those that are gone too", ["points"], [""], ["pvc/data-0", "pvc/old-0", ":4"]],
  ["sources", ["create", "x"], ["--from", ""], ["pvc/", "snapshot/", ":6"]],
  ["claims as sources", ["create", "x"], ["--from", "pvc/o"], ["pvc/old-0", ":4"]],
  ["snapshots as sources", ["ls"], ["--from=snapshot/l"], ["--from=snapshot/last", ":4"]],
  ["places begin with sessions", ["ls"], [""], ["orders:/", ":6"]],
  ["volumes", ["ls"], ["orders:/"], ["orders:/data/\text4", ":6"]],
  ["names with spaces", ["cp"], ["orders:/data/P"], ["orders:/data/Program Files/", ":6"]],
  [
    "names of an enemy",
    ["cat"],
    ["shop/orders:/data/Program Files/"],
    ["shop/orders:/data/Program Files/a\\x1b[2J\\x0a", ":6"],
  ],
  ["where a copy goes: files of this machine, too", ["cp"], ["orders:/data/plain", "x"], [":2"]],
  ["volumes to begin in", ["sftp", "orders"], ["/"], ["/data/\text4", ":6"]],
  ["volumes, of no slash yet", ["sftp", "orders"], [""], ["/data/\text4", ":6"]],
  ["a private key of this machine", ["sftp", "orders"], ["-i", ""], [":0"]],
  ["no session to ask yet", ["cat", "--from", "pvc/a"], ["/da"], [":4"]],
  ["files", ["open"], ["x"], [":0"]],
  ["what can't be asked", ["ls"], ["nobody:/data/"], [":4"]],
  ["a path that is none", ["ls"], ["orders:/data/../"], [":4"]],
])("%s", async (_, verb, typed, told) => expect(await complete(verb, ...typed)).toEqual(told))

test("no cluster: nothing, and no word about it", async () => {
  const { code, out, err } = await run(["__complete", "ls", "--kubeconfig", "/nonexistent", "ord"])
  expect([code, out, err]).toEqual([0, ":4\n", ""])
})

test.each(["zsh", "fish", "kubectl"])("there is a script for %s", async (shell) => {
  expect((await run(["completion", shell])).out).toContain("kubectl-recover __complete")
})

test("a shell nobody knows is refused", async () => expect((await run(["completion", "csh"])).code).toBe(2))

/** What bash would complete: readline's part is played, that of the script is real. */
async function bash(line: string, ...words: string[]): Promise<string[]> {
  const bin = mkdtempSync(join(tmpdir(), "bin-"))
  const cli = fileURLToPath(new URL("../../src/cli.ts", import.meta.url))
  writeFileSync(join(bin, "kubectl-recover"), `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`)
  chmodSync(join(bin, "kubectl-recover"), 0o755)
  const script = `compopt() { :; }
source "$0"
COMP_LINE=$1; shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_kubectl_recover
printf '%s\\n' "\${COMPREPLY[@]}"`
  writeFileSync(join(bin, "completion"), (await run(["completion", "bash"])).out)
  const env = { PATH: `${bin}:${process.env["PATH"]}`, KUBECONFIG: lab.kubeconfig, HOME: bin }
  const child = spawn("bash", ["--norc", "-c", script, join(bin, "completion"), line, ...words], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  })
  const [out] = await Promise.all([text(child.stdout), once(child, "close")])
  rmSync(bin, { recursive: true })
  return out.trimEnd().split("\n")
}

test.each([
  ["a verb", "kubectl-recover unm", ["kubectl-recover", "unm"], ["unmount"]],
  [
    "a path with a colon, a space and a flag before it",
    "kubectl-recover ls --namespace=shop orders:/data/Program\\ F",
    ["kubectl-recover", "ls", "--namespace", "=", "shop", "orders", ":", "/data/Program\\ F"],
    ["/data/Program Files/"],
  ],
  ["a new word", "kubectl-recover get -n shop ", ["kubectl-recover", "get", "-n", "shop", ""], ["orders"]],
])("bash: %s", async (_, line, words, told) => expect(await bash(line, ...words)).toEqual(told))
