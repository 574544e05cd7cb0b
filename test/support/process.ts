import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"

/** A process of the project, started as in its container, with its log read line by line. */
export interface LoggedProcess {
  readonly pid: number
  /** All it has written: the log, and whatever was not meant to be there. */
  output(): string
  /** The first log line with this `msg`, waited for. Rejects when the process ends without it. */
  logged(message: string, seconds?: number): Promise<Record<string, unknown>>
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | string>
  kill(signal: NodeJS.Signals): void
}

export interface ProcessOptions {
  readonly env?: Record<string, string>
  /** As in a container: without the capability to open what its mode forbids. */
  readonly unprivileged?: boolean
}

/** Starts `node SCRIPT ARGS`. The caller ends it; `stopAll` in afterEach does for those a failed test left. */
export function startProcess(script: string, args: readonly string[], options: ProcessOptions = {}): LoggedProcess {
  const drop = options.unprivileged ? ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] : []
  const [program = "", ...rest] = [...drop, process.execPath, script, ...args]
  const child = spawn(program, rest, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], ...options.env },
  })
  const lines: string[] = []
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of listeners) listener()
  }
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line)
      tell()
    })
  let ended = false
  const exited = once(child, "close").then(([code, signal]: (number | string | null)[]) => {
    ended = true
    tell()
    return code ?? signal ?? "unknown"
  })
  const started: LoggedProcess = {
    pid: child.pid ?? 0,
    output: () => lines.join("\n"),
    exited,
    kill: (signal) => void child.kill(signal),
    logged(message, seconds = 60) {
      const found = Promise.withResolvers<Record<string, unknown>>()
      const look = () => {
        const line = lines.map(parse).find((entry) => entry["msg"] === message)
        if (line !== undefined) found.resolve(line)
        else if (ended) found.reject(new Error(`it ended before it logged "${message}":\n${lines.join("\n")}`))
      }
      const timer = setTimeout(
        () => found.reject(new Error(`no "${message}" within ${seconds} s:\n${lines.join("\n")}`)),
        seconds * 1000,
      )
      listeners.add(look)
      look()
      return found.promise.finally(() => {
        clearTimeout(timer)
        listeners.delete(look)
      })
    },
  }
  everStarted.push(started)
  return started
}

/** The `port` of the first log line with this `msg`, waited for. */
export async function portOf(started: LoggedProcess, message: string): Promise<number> {
  return Number((await started.logged(message))["port"])
}

const everStarted: LoggedProcess[] = []

/** Ends every process that still runs. */
export async function stopAll(): Promise<void> {
  const all = everStarted.splice(0)
  for (const started of all) started.kill("SIGKILL")
  await Promise.all(all.map(({ exited }) => exited))
}

function parse(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>
  } catch {
    return {}
  }
}
