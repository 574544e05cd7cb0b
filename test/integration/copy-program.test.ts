import { spawn } from "node:child_process"
import { createHash, randomBytes } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { afterEach, beforeEach, expect, test } from "vitest"
import { parseResult } from "../../src/control/copy-result.ts"
import type { FileSource } from "../../src/files/source.ts"
import { type CopyLab, copyLab } from "../support/copy-lab.ts"
import { waitFor } from "../support/wait.ts"

/** The program of a copy's pod as a process: killed wherever it is, and started again, as the operator does. */
let lab: CopyLab
let secrets: string
let slow = 0
beforeEach(async () => {
  slow = 0
  lab = await copyLab(paced)
  secrets = join(dirname(lab.source), "secrets")
  mkdirSync(secrets)
  for (const [file, text] of Object.entries({ "ca.crt": lab.lab.ca, username: "recover", password: lab.lab.password }))
    writeFileSync(join(secrets, file), text)
})
afterEach(() => lab[Symbol.asyncDispose]())

/** A file is read in pieces with a pause after each, so that there is something to be killed in. */
const paced = (source: FileSource): FileSource => ({
  ...source,
  open: async (volume, ...more) => {
    const reader = await source.open(volume, ...more)
    return {
      ...reader,
      async *read(path, range, ...rest) {
        for await (const chunk of reader.read(path, range, ...rest)) {
          yield chunk
          await delay(slow)
        }
      },
    }
  },
})

interface Run {
  readonly code: number | null
  readonly result: ReturnType<typeof parseResult>
}

interface RunOptions {
  /** So long after it began to copy it is killed. */
  readonly killAfterMs?: number
  /** What it logs before it is killed. */
  readonly killWhen?: RegExp
  readonly signal?: NodeJS.Signals
  /** A command that runs it. */
  readonly within?: readonly string[]
  /** The name of the file for its last words. */
  readonly termination?: string
}

async function run(conflict: string, options: RunOptions = {}): Promise<Run> {
  const { killAfterMs, killWhen, signal = "SIGKILL", within = [] } = options
  const termination = join(secrets, options.termination ?? "termination-log")
  writeFileSync(termination, "")
  const args = {
    "session-uid": "5f0c3a52-7d5e-4a5e-9f4e-000000000001",
    "session-name": "shop/orders",
    "copy-id": "0123abcd",
    host: "127.0.0.1",
    port: String(lab.lab.service.port),
    secrets,
    destination: lab.destination,
    directory: "/into",
    path: "data:/tree",
    conflict,
    "termination-log": termination,
  }
  const flags = Object.entries(args).flatMap(([name, value]) => [`--${name}`, value])
  const [command = "", ...rest] = [...within, process.execPath, "src/copy.ts", ...flags]
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "inherit"] })
  let logged = ""
  child.stdout.on("data", (text: Buffer) => {
    logged += text.toString()
    if (killWhen?.test(logged)) child.kill(signal)
  })
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
  if (killAfterMs !== undefined) {
    await waitFor("it to begin", async () => hasJournal() || child.exitCode !== null, { seconds: 30, everyMs: 10 })
    await Promise.race([ended, delay(killAfterMs)])
    child.kill(signal)
  }
  const code = await ended
  return { code, result: parseResult(readFileSync(termination, "utf8")) }
}

const hasJournal = () => existsSync(join(lab.destination, "into/.filerecovery-copy-0123abcd"))

function makeTree(): Record<string, string> {
  const files: Record<string, string> = {}
  for (let at = 0; at < 60; at++) files[`tree/d${at % 5}/f${at}`] = randomBytes(at * 200).toString("latin1")
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(lab.source, path)), { recursive: true })
    writeFileSync(join(lab.source, path), Buffer.from(text, "latin1"))
  }
  return files
}

const hash = (tree: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(tree)
      .filter(([path]) => !path.endsWith("/"))
      .map(([path, text]) => [path, createHash("sha256").update(text, "latin1").digest("hex")]),
  )

test.each(["Fail", "Skip", "Overwrite", "Rename"])(
  "killed again and again it goes on: all is there once, and nothing besides (%s)",
  async (conflict) => {
    const files = makeTree()
    slow = 60
    const bytes = Object.values(files).reduce((sum, text) => sum + text.length, 0)
    let last: Run = { code: null, result: undefined }
    // each one copies a little more
    for (let kills = 0; kills < 5 && last.result === undefined; kills++)
      last = await run(conflict, { killAfterMs: Math.random() * 400 })
    if (last.result === undefined) last = await run(conflict)
    expect(last).toMatchObject({ result: { reason: "Copied", files: 60, bytes, skipped: 0, failed: 0 } })
    // killed right after it has told, it may have left its journal
    const { ".filerecovery-copy-0123abcd": _, ...copied } = lab.read(join(lab.destination, "into"))
    expect(hash(copied)).toEqual(hash(files))
  },
  120_000,
)

test("told to end it says so, and leaves what the next one goes on with", async () => {
  const files = makeTree()
  slow = 300
  const { code, result } = await run("Fail", { killAfterMs: 400, signal: "SIGTERM" })
  expect([code, result?.reason]).toEqual([1, "Interrupted"])
  const journal = readdirSync(join(lab.destination, "into")).filter((name) => name.startsWith(".filerecovery-copy-"))
  expect(journal).toHaveLength(1)
  slow = 0
  expect(await run("Fail")).toMatchObject({ code: 0, result: { reason: "Copied", files: 60 } })
  expect(hash(lab.read(join(lab.destination, "into")))).toEqual(hash(files))
})

test.each([
  ["is killed in the end", { killAfterMs: 1500, signal: "SIGKILL" }, undefined],
  ["comes to its end", {}, "Copied"],
] as const)("two at once: the second waits while the first writes, which %s", async (_, end, reason) => {
  const files = makeTree()
  slow = 150
  const first = run("Fail", end)
  await waitFor("the first to begin", async () => hasJournal(), { seconds: 30, everyMs: 10 })
  const second = run("Fail", { termination: "second" })
  const order = await Promise.race([first.then(() => "first"), second.then(() => "second")])
  slow = 0
  expect([order, (await first).result?.reason]).toEqual(["first", reason])
  expect(await second).toMatchObject({ code: 0, result: { reason: "Copied", files: 60, failed: 0 } })
  expect(hash(lab.read(join(lab.destination, "into")))).toEqual(hash(files))
})

test("who waits for another one's end, ends when told to", async () => {
  makeTree()
  slow = 300
  const first = run("Fail")
  await waitFor("the first to begin", async () => hasJournal(), { seconds: 30, everyMs: 10 })
  const waits = /an earlier pod of this copy still writes/
  const { code, result } = await run("Fail", { termination: "second", killWhen: waits, signal: "SIGTERM" })
  slow = 0
  expect([code, result?.reason, result?.files]).toEqual([1, "Interrupted", 0])
  expect((await first).result).toMatchObject({ reason: "Copied", files: 60 })
})

test("a password that is not the session's is refused, and is in no message", async () => {
  writeFileSync(join(secrets, "password"), "hunter2-hunter2")
  makeTree()
  const { code, result } = await run("Fail")
  expect(code).toBe(1)
  expect(JSON.stringify(result)).not.toContain("hunter2")
  expect(existsSync(join(lab.destination, "into/tree"))).toBe(false)
})

test.each([
  ["there is no room", "mount -t tmpfs -o size=256k none", "DestinationFull"],
  ["it is read-only", "mount -t tmpfs -o ro none", "DestinationReadOnly"],
])("a claim in which %s", async (_, mount, reason) => {
  makeTree()
  // in a mount namespace of its own, which ends with it
  const { code, result } = await run("Fail", {
    within: ["unshare", "-m", "sh", "-c", `${mount} "$0" && exec "$@"`, lab.destination],
  })
  expect([code, result?.reason]).toEqual([1, reason])
})
