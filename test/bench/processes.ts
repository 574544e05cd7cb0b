import { readdir, readFile } from "node:fs/promises"

/** A process as /proc/PID/stat shows it. */
export interface Process {
  readonly pid: number
  readonly parent: number
  readonly name: string
  /** Of its own, in user and system mode. */
  readonly cpuSeconds: number
  /** Of its children that have ended and were waited for. */
  readonly childrenCpuSeconds: number
}

/** Clock ticks in a second, as /proc counts them on all of Linux' common machines (proc(5)). */
const ticks = 100

/** All processes there are, by their ids. */
export async function processes(): Promise<Map<number, Process>> {
  const found = new Map<number, Process>()
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry)
    const stat = pid > 0 ? await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "") : "" // it may have ended
    const one = parseStat(stat)
    if (one) found.set(one.pid, one)
  }
  return found
}

/** What /proc/PID/stat says (proc(5)); undefined when it is nothing of the kind. */
export function parseStat(text: string): Process | undefined {
  const [, pid, name = "", rest = ""] = /^(\d+) \((.*)\) \S (.*)$/s.exec(text) ?? []
  if (pid === undefined) return undefined
  const fields = rest.split(" ").map(Number)
  const seconds = (from: number) => ((fields[from] ?? 0) + (fields[from + 1] ?? 0)) / ticks
  return { pid: Number(pid), parent: fields[0] ?? 0, name, cpuSeconds: seconds(10), childrenCpuSeconds: seconds(12) }
}

/** A process and all below it. */
export function treeOf(pid: number, all: ReadonlyMap<number, Process>): Process[] {
  const isOf = (one: Process | undefined): boolean =>
    one !== undefined && (one.pid === pid || isOf(all.get(one.parent)))
  return [...all.values()].filter(isOf)
}

export const isQemu = ({ name }: Process) => name.startsWith("qemu-system")
