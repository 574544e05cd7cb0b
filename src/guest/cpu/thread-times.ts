import { readdirSync, readFileSync } from "node:fs"
import type { CpuUse } from "./cpu-use.ts"

/** One look at a thread, at a time of its own (milliseconds). */
export interface Look extends CpuUse {
  readonly atMs: number
  /** How often it was given a CPU. */
  readonly turns: number
  /** Running, or waiting for a CPU. */
  readonly ready: boolean
}

export interface Followed extends Look {
  /** How long it has been waiting, when it waits: the kernel adds that to what it waited only when it runs again. */
  readonly pendingMs: number
}

/** What is known of a thread by this look and the one before. */
export function follow(before: Followed | undefined, look: Look): Followed {
  const stood = before?.ready === true && look.ready && before.turns === look.turns && before.ranMs === look.ranMs
  return { ...look, pendingMs: stood ? before.pendingMs + look.atMs - before.atMs : 0 }
}

/** proc(5), /proc/pid/schedstat: nanoseconds on a CPU, nanoseconds on a run queue, times on a CPU. */
export function parseSchedstat(text: string): Pick<Look, "ranMs" | "waitedMs" | "turns"> | undefined {
  const [, ran, waited, turns] = /^(\d+) (\d+) (\d+)\n?$/.exec(text) ?? []
  if (ran === undefined || waited === undefined || turns === undefined) return undefined
  return { ranMs: Number(ran) / 1e6, waitedMs: Number(waited) / 1e6, turns: Number(turns) }
}

/**
 * What a process's threads have had of CPUs, also those that have ended. To have used up the CPU limit of a container (cgroup)
 * counts as waiting, to have been stopped by a signal does not: docs/decisions/guest-time.md.
 */
export class ThreadTimes {
  readonly #dir: string
  readonly #threads = new Map<string, Followed>()
  #ended: CpuUse = { ranMs: 0, waitedMs: 0 }

  constructor(pid: number) {
    this.#dir = `/proc/${pid}/task`
  }

  /** Undefined where the kernel doesn't tell. Reads without waiting for anything, as /proc does not either. */
  read(): CpuUse | undefined {
    const running = new Set(listThreads(this.#dir))
    for (const thread of running) {
      const look = lookAt(`${this.#dir}/${thread}`)
      if (look === undefined) running.delete(thread)
      else this.#threads.set(thread, follow(this.#threads.get(thread), look))
    }
    if (running.size === 0) return undefined
    for (const [thread, last] of this.#threads) {
      if (running.has(thread)) continue
      this.#ended = add(this.#ended, last)
      this.#threads.delete(thread)
    }
    return [...this.#threads.values()].reduce(
      (sum, { ranMs, waitedMs, pendingMs }) => add(sum, { ranMs, waitedMs: waitedMs + pendingMs }),
      this.#ended,
    )
  }
}

/** This process's own: its main thread, which runs as it asks. */
export function ownCpuUse(): CpuUse | undefined {
  try {
    return parseSchedstat(readFileSync("/proc/self/schedstat", "latin1"))
  } catch {
    return undefined
  }
}

const add = (a: CpuUse, b: CpuUse): CpuUse => ({ ranMs: a.ranMs + b.ranMs, waitedMs: a.waitedMs + b.waitedMs })

function listThreads(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

function lookAt(dir: string): Look | undefined {
  try {
    const times = parseSchedstat(readFileSync(`${dir}/schedstat`, "latin1"))
    const stat = readFileSync(`${dir}/stat`, "latin1")
    const ready = stat.startsWith("R", stat.lastIndexOf(")") + 2)
    return times && { ...times, ready, atMs: performance.now() }
  } catch {
    return undefined
  }
}
