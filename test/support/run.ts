import { spawn } from "node:child_process"

/** What a finished program left: its standard output and error as text, and its exit code. */
export interface Finished {
  stdout: string
  stderr: string
  code: number
}

export interface RunOptions {
  input?: string
  env?: NodeJS.ProcessEnv
  /** Codes that are not an error; `undefined` accepts every code. */
  accept?: number[] | undefined
}

/** Runs a program to its end and returns what it said. Rejects with its standard error when it fails. */
export async function run(program: string, args: string[], options: RunOptions = {}): Promise<Finished> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: options.env ?? process.env })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk))
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk))
  child.stdin.on("error", () => {}) // a program may end before it has read all
  child.stdin.end(options.input ?? "")
  const code = await new Promise<number>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code, signal) => resolve(code ?? (signal ? 128 : 1)))
  })
  const finished = { stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(), code }
  const accept = "accept" in options ? options.accept : [0]
  if (accept && !accept.includes(code))
    throw new Error(`${program} ${args.join(" ")} ended with ${code}: ${finished.stderr.slice(-2000)}`)
  return finished
}
