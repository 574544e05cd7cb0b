import { secondsOf } from "../disks/seconds.ts"
import { isQemu, parseStat, processes, treeOf } from "../processes.ts"
import { readFile } from "node:fs/promises"

/** What something took: time on the clock, and of the CPUs. */
export interface Spent {
  readonly seconds: number
  /** Of all processes that had a part in it, clients too. */
  readonly cpuSeconds: number
  /** Of that, QEMU's. */
  readonly qemuSeconds: number
}

/**
 * Does something, and says what it took of a process, of all below it, and of the programs that were started and have ended
 * meanwhile. What this process does itself doesn't count.
 */
export async function spentOf<T>(pid: number, work: () => Promise<T>): Promise<{ spent: Spent; value: T }> {
  const before = await used(pid)
  const { seconds, value } = await secondsOf(work)
  const after = await used(pid)
  return { value, spent: { seconds, cpuSeconds: after.cpu - before.cpu, qemuSeconds: after.qemu - before.qemu } }
}

async function used(pid: number): Promise<{ cpu: number; qemu: number }> {
  const tree = treeOf(pid, await processes())
  const clients = parseStat(await readFile("/proc/self/stat", "latin1"))?.childrenCpuSeconds ?? 0
  const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)
  return {
    cpu: clients + sum(tree.map(({ cpuSeconds, childrenCpuSeconds }) => cpuSeconds + childrenCpuSeconds)),
    qemu: sum(tree.filter(isQemu).map(({ cpuSeconds }) => cpuSeconds)),
  }
}
