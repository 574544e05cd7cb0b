import { readdir, readFile } from "node:fs/promises"

/** Memory of a micro-VM on this machine, in MiB. */
export interface Memory {
  readonly resident: number
  /** The most it ever was. */
  readonly peak: number
}

/** Memory of the QEMU that a process, or a child of it, has started. Rejects when there is none. */
export async function qemuMemory(pid: number): Promise<Memory> {
  const all = await processes()
  const isBelow = (one: Process | undefined): boolean =>
    one !== undefined && (one.pid === pid || isBelow(all.get(one.parent)))
  const qemu = [...all.values()].find((one) => one.name.startsWith("qemu-system") && isBelow(one))
  if (qemu === undefined) throw new Error(`no QEMU below process ${pid}`)
  const status = await readFile(`/proc/${qemu.pid}/status`, "utf8")
  const mib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024
  return { resident: mib("VmRSS"), peak: mib("VmHWM") }
}

interface Process {
  readonly pid: number
  readonly parent: number
  readonly name: string
}

async function processes(): Promise<Map<number, Process>> {
  const found = new Map<number, Process>()
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry)
    const stat = pid > 0 ? await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "") : "" // it may have ended
    const [, name = "", parent = "0"] = /^\d+ \((.*)\) \S (\d+) /s.exec(stat) ?? []
    if (name !== "") found.set(pid, { pid, parent: Number(parent), name })
  }
  return found
}
