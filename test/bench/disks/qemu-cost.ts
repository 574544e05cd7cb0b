import { readFile } from "node:fs/promises"
import { isQemu, processes, treeOf } from "../processes.ts"

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
  const qemu = treeOf(pid, await processes()).find(isQemu)
  if (qemu === undefined) throw new Error(`no QEMU below process ${pid}`)
  const status = await readFile(`/proc/${qemu.pid}/status`, "utf8")
  const mib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024
  return { cpuSeconds: qemu.cpuSeconds, residentMiB: mib("VmRSS"), peakMiB: mib("VmHWM") }
}
