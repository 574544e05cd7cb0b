import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import type { FileHandle } from "node:fs/promises"
import { promisify } from "node:util"
import { RecoveryError } from "../api/reasons.ts"
import { chooseMachine, qemuArguments, type QemuOptions } from "./arguments.ts"
import { tellCpu } from "./cpu/tell-cpu.ts"
import { ThreadTimes } from "./cpu/thread-times.ts"
import type { GuestLog } from "./log.ts"
import { printable } from "./printable.ts"

export const qemuProgram = "qemu-system-x86_64"
/** Sessions at once when nobody says otherwise. */
export const defaultSessions = 8
const consoleBytes = 64 << 10

export type SuperviseOptions = Omit<QemuOptions, "sessions" | "machine"> & {
  readonly sessions?: number
  /** The saved state of a booted guest, of QEMU with the same command line: it goes on from that. */
  readonly state?: FileHandle | undefined
  readonly log: GuestLog
  /** Aborting ends QEMU at once; what it holds is meant to be thrown away. */
  readonly signal: AbortSignal
  /** Called when QEMU runs. */
  readonly started?: (pid: number) => void
}

/** How QEMU ended, and the last 64 KiB it and its guest's console said. */
export interface QemuExit {
  readonly code: number | null
  readonly signal: string | null
  readonly console: string
  /** Whether the signal had been aborted when it ended: then it was meant to. */
  readonly asked: boolean
}

/**
 * Runs QEMU until it ends. This is all that happens beside QEMU: it can stand in a container of its own that shares only
 * `dir` with whoever calls connectGuest. QEMU dies with this process, however that dies (PR_SET_PDEATHSIG).
 * Rejects with GuestFailed when QEMU can't be started at all.
 */
export async function superviseQemu(options: SuperviseOptions): Promise<QemuExit> {
  const { dir, state, log, signal, started } = options
  if (Buffer.byteLength(dir) > 90)
    throw new RecoveryError(
      "GuestFailed",
      `The directory ${dir} is too long for unix sockets; use one of up to 90 bytes.`,
    )
  const args = await commandLine(options)
  if (signal.aborted) return { code: null, signal: null, console: "", asked: true }
  const incoming = state === undefined ? [] : ["-incoming", "fd:3"]
  const qemu = spawn("setpriv", ["--pdeathsig", "KILL", qemuProgram, ...args, ...incoming], {
    stdio: ["ignore", "pipe", "pipe", ...(state === undefined ? [] : [state.fd])],
    env: { PATH: process.env["PATH"], TMPDIR: dir },
  })
  let tail = Buffer.alloc(0)
  const keep = (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk]).subarray(-consoleBytes)
  }
  qemu.stdout?.on("data", keep)
  qemu.stderr?.on("data", keep)
  // Whoever loses the guest may make the caller abort before its last words, or even the news of its end, are in: what
  // counts is who was first.
  let asked = false
  let endedItself = false
  const kill = () => {
    if (!qemu.killed) endedItself = hasEnded(qemu.pid) // the first time only: later it may be dead of that
    qemu.kill("SIGKILL")
  }
  qemu.once("exit", () => (asked = signal.aborted && !endedItself))
  signal.addEventListener("abort", kill, { once: true })
  try {
    await once(qemu, "spawn").catch((cause: unknown) => {
      throw notStarted("setpriv", cause)
    })
    if (qemu.pid !== undefined) started?.(qemu.pid)
    log.debug({ qemu: qemu.pid, restored: state !== undefined }, "QEMU started")
    if (signal.aborted) kill()
    const ended = once(qemu, "close")
    await using _ = await tellCpuOf(qemu.pid, dir, log)
    await ended
    const exit = { code: qemu.exitCode, signal: qemu.signalCode, console: tail.toString("latin1"), asked }
    log.debug({ code: exit.code, signal: exit.signal }, "QEMU ended")
    return exit
  } finally {
    signal.removeEventListener("abort", kill)
  }
}

/** Who can't know what CPU QEMU gets takes it that it gets what it wants. */
async function tellCpuOf(pid: number | undefined, dir: string, log: GuestLog): Promise<AsyncDisposable | undefined> {
  if (pid === undefined) return undefined
  const times = new ThreadTimes(pid)
  try {
    return await tellCpu(dir, () => times.read())
  } catch (err) {
    log.warn({ err }, "what CPU QEMU gets can't be told")
    return undefined
  }
}

/** QEMU's arguments, for the machine that this QEMU knows. */
export async function commandLine(options: Omit<QemuOptions, "sessions" | "machine"> & { sessions?: number }) {
  const machine = chooseMachine(await machineHelp())
  return qemuArguments({ ...options, machine, sessions: options.sessions ?? defaultSessions })
}

/** Whether a child process has ended and only waits to be asked for its exit code. */
function hasEnded(pid: number | undefined): boolean {
  if (pid === undefined) return false
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1")
    return stat.slice(stat.lastIndexOf(")") + 2).startsWith("Z")
  } catch {
    return true
  }
}

/** What the console said of its end, escaped, for a message: the kernel's panic, otherwise the last lines. */
export function lastWords(exit: QemuExit, lines = 5): string {
  const all = exit.console.split(/\r?\n/).filter((line) => line.trim() !== "")
  const panic = all.findIndex((line) => line.includes("Kernel panic"))
  const before = all.slice(0, Math.max(0, panic))
  const cause = before.filter((line) => /BUG: |Oops: |RIP: /.test(line)).slice(0, 2)
  const why = cause.length > 0 ? cause : before.slice(-1)
  const last = panic === -1 ? all.slice(-lines) : [...why, ...all.slice(panic, panic + 1)] // then registers follow
  return last.map((line) => printable(Buffer.from(line, "latin1"), 300)).join(" | ")
}

let help: Promise<string> | undefined

/** What machines this QEMU knows; asked once. */
function machineHelp(): Promise<string> {
  help ??= promisify(execFile)(qemuProgram, ["-machine", "help"]).then(
    ({ stdout }) => stdout,
    (cause: unknown) => {
      help = undefined
      throw notStarted(qemuProgram, cause)
    },
  )
  return help
}

function notStarted(program: string, cause: unknown): RecoveryError {
  const message = `${program} can't be started: ${cause instanceof Error ? cause.message : String(cause)}`
  return new RecoveryError("GuestFailed", `${message}. Install qemu-system-x86 and util-linux.`, { cause })
}
