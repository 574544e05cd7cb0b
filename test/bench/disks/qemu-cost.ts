import { readdir, readFile } from "node:fs/promises"

/** What a micro-VM has cost this machine so far. */
export interface Cost {
  /** Of QEMU, in user and system mode: of a loaded machine this says more than the time that went by. */
  readonly cpuSeconds: number
  readonly residentMiB: number
  /** The most it ever was. */
  readonly peakMiB: number
}

export const noCost: Cost = { cpuSeconds: 0, residentMiB: 0, peakMiB: 0 }

/** Of several rounds: the CPU time of the best, the memory of the worst. */
export const costOf = (rounds: readonly Cost[]): Cost => ({
  cpuSeconds: Math.min(...rounds.map(({ cpuSeconds }) => cpuSeconds)),
  residentMiB: Math.max(...rounds.map(({ residentMiB }) => residentMiB)),
  peakMiB: Math.max(...rounds.map(({ peakMiB }) => peakMiB)),
})

/** Of the QEMU that a process, or a child of it, has started. Rejects when there is none. */
export async function qemuCost(pid: number): Promise<Cost> {
  const all = await processes()
  const isBelow = (one: Process | undefined): boolean =>
    one !== undefined && (one.pid === pid || isBelow(all.get(one.parent)))
  const qemu = [...all.values()].find((one) => one.name.startsWith("qemu-system") && isBelow(one))
  if (qemu === undefined) throw new Error(`no QEMU below process ${pid}`)
  const status = await readFile(`/proc/${qemu.pid}/status`, "utf8")
  const mib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024
  return { cpuSeconds: qemu.cpuSeconds, residentMiB: mib("VmRSS"), peakMiB: mib("VmHWM") }
}

interface Process {
  readonly pid: number
  readonly parent: number
  readonly name: string
  readonly cpuSeconds: number
}

/** Clock ticks in a second, as /proc counts them on all of Linux' common machines (proc(5)). */
const ticks = 100

async function processes(): Promise<Map<number, Process>> {
  const found = new Map<number, Process>()
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry)
    const stat = pid > 0 ? await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "") : "" // it may have ended
    const [, name = "", rest = ""] = /^\d+ \((.*)\) \S (.*)$/s.exec(stat) ?? []
    const [parent, user, system] = [0, 10, 11].map((field) => Number(rest.split(" ")[field]))
    if (name !== "")
      found.set(pid, { pid, parent: parent ?? 0, name, cpuSeconds: ((user ?? 0) + (system ?? 0)) / ticks })
  }
  return found
}
