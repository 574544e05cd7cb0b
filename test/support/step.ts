import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs"
import { dirname } from "node:path"

/** A command of the test run: its output goes to a file, and only the end of it to the terminal when it fails. */
export interface Step {
  command: readonly string[]
  env?: Record<string, string>
  log: string
  minutes: number
}

const running = new Set<ChildProcess>()

/** Runs the command in a process group of its own and gives its exit code; 124 when the time is over. */
export async function runStep({ command: [program = "", ...args], env = {}, log, minutes }: Step): Promise<number> {
  mkdirSync(dirname(log), { recursive: true })
  const output = openSync(log, "w")
  const child = spawn(program, args, {
    detached: true,
    env: { ...process.env, ...env },
    stdio: ["ignore", output, output],
  })
  closeSync(output)
  running.add(child)
  let late = false
  const timer = setTimeout(() => {
    late = true
    end(child, "SIGKILL")
  }, minutes * 60_000)
  const code = await new Promise<number>((resolve) => {
    child.once("error", () => resolve(127))
    child.once("close", (status) => resolve(status ?? 1))
  })
  clearTimeout(timer)
  running.delete(child)
  return late ? 124 : code
}

/** Ends what is running, children included. */
export function endSteps(): void {
  for (const child of running) end(child, "SIGTERM")
}

/** The last lines of a log. */
export function tail(log: string, lines: number): string {
  return readFileSync(log, "utf8").trimEnd().split("\n").slice(-lines).join("\n")
}

function end(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // it has ended by itself
  }
}
