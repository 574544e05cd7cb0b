import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

const script = fileURLToPath(new URL("../../src/cli.ts", import.meta.url))

export interface CliAnswer {
  readonly code: number | null
  readonly out: Buffer
  readonly err: string
}

/** A started kubectl-recover. */
export interface RunningCli {
  readonly pid: number
  /** Resolves when stderr holds this text; rejects when the process ends without it. */
  said(text: string): Promise<void>
  /** What it has written to stdout so far. */
  printed(): string
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<CliAnswer>
}

/** Starts `kubectl-recover ARGS`, as a person would from a shell without a terminal; `program` unless it is the source. */
export function startCli(
  args: readonly string[],
  env: Record<string, string> = {},
  cwd?: string,
  program = script,
): RunningCli {
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
  })
  const out: Buffer[] = []
  let err = ""
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text))
  const ended = once(child, "close").then(([code]: (number | null)[]): CliAnswer => ({
    code: code ?? null,
    out: Buffer.concat(out),
    err,
  }))
  return {
    pid: child.pid ?? 0,
    ended,
    printed: () => Buffer.concat(out).toString(),
    kill: (signal) => void child.kill(signal),
    async said(text) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const look = () => void (err.includes(text) && resolve())
      child.stderr.on("data", look)
      void ended.then(() => reject(new Error(`it ended without "${text}":\n${err}`)))
      look()
      await promise.finally(() => child.stderr.off("data", look))
    },
  }
}

/** Runs it to its end. */
export function cli(args: readonly string[], env?: Record<string, string>, program?: string): Promise<CliAnswer> {
  return startCli(args, env, undefined, program).ended
}
