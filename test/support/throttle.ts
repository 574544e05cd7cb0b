import { mkdir, readFile, rmdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { waitFor } from "./wait.ts"

/** A process's CPU limit, as a kubelet sets that of a container. */
export interface Throttle {
  /** It may use this part of one CPU from now on; nothing: as much as it likes. */
  set(share?: number): Promise<void>
  /** How long its threads have stood still for the limit, milliseconds, as the kernel counts it. */
  throttledMs(): Promise<number>
  /** Takes the limit away; the process has to have ended. */
  remove(): Promise<void>
}

/** The longest there is: the smallest quota is a millisecond. */
const periodUs = 1_000_000

/** Puts a process into a cgroup of its own, of the first or second version, whichever has this machine's CPU controller. Needs root. */
export async function throttle(pid: number): Promise<Throttle> {
  const isSecond = (await readFile("/sys/fs/cgroup/cgroup.controllers", "utf8").catch(() => "")).includes("cpu")
  const root = isSecond ? "/sys/fs/cgroup" : "/sys/fs/cgroup/cpu"
  if (isSecond) await writeFile(join(root, "cgroup.subtree_control"), "+cpu")
  const dir = join(root, `frk-throttle-${pid}`)
  await mkdir(dir)
  await writeFile(join(dir, "cgroup.procs"), String(pid))
  return {
    async set(share) {
      const quota = share === undefined ? undefined : Math.round(share * periodUs)
      if (isSecond) await writeFile(join(dir, "cpu.max"), `${quota ?? "max"} ${periodUs}`)
      else {
        await writeFile(join(dir, "cpu.cfs_period_us"), String(periodUs))
        await writeFile(join(dir, "cpu.cfs_quota_us"), String(quota ?? -1))
      }
    },
    async throttledMs() {
      const stat = await readFile(join(dir, "cpu.stat"), "utf8")
      const [, unit, time] = /^throttled_(usec|time) (\d+)$/m.exec(stat) ?? []
      return Number(time) / (unit === "usec" ? 1000 : 1_000_000)
    },
    async remove() {
      await waitFor("the cgroup to be empty", async () => (await rmdir(dir), true), { seconds: 10, everyMs: 50 })
    },
  }
}
