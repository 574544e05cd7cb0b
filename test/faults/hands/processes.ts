import { readdirSync, readFileSync, readlinkSync } from "node:fs"
import { basename } from "node:path"
import type { Pod } from "../../../src/kube/objects.ts"

/** A process as the machine numbers it, and the name of its program. */
export interface Found {
  readonly pid: number
  readonly program: string
}

/** All processes of the machine that `is` holds for. The nodes of the test cluster are namespaces of it, so theirs are among them. */
export function processes(is: (pid: string) => boolean): Found[] {
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .flatMap((pid) => {
      try {
        return is(pid) ? { pid: Number(pid), program: basename(readlinkSync(`/proc/${pid}/exe`)) } : []
      } catch {
        return [] // ended meanwhile, or a thread of the kernel
      }
    })
}

/** The process of a container that runs a program whose name begins so. A SIGKILL from here gets through, also to the container's first. */
export function processIn({ metadata, status }: Pod, container: string, program = ""): number {
  const found = status?.containerStatuses?.find(({ name }) => name === container)
  const id = found?.containerID?.split("//")[1] ?? "none"
  const inside = processes((pid) => readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(id))
  const process = inside.find((one) => one.program.startsWith(program))
  if (!process) throw new Error(`no ${program} runs in container ${container} of pod ${metadata?.name}`)
  return process.pid
}
