import { spawn } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { run } from "../../support/run.ts"
import { waitFor } from "../../support/wait.ts"

/**
 * Uses up the memory a container may have until the kernel ends the process `pid` of it: by a program that joins the
 * container's control group and grows, while the process is made the one to be ended first.
 */
export async function useUpMemory(pid: number): Promise<void> {
  writeFileSync(`/proc/${pid}/oom_score_adj`, "1000")
  const hog = spawn("sh", ["-euc", 'echo $$ >"$0/cgroup.procs"; exec tail /dev/zero', memoryGroup(pid)], {
    stdio: "ignore",
  })
  try {
    const isOver = async () => !existsSync(`/proc/${pid}`)
    await waitFor(`the kernel to end process ${pid}`, isOver, { seconds: 60, everyMs: 20 })
  } finally {
    hog.kill("SIGKILL")
  }
}

/** Fills the memory behind the throw-away layer above the disks, as the guest of this process sees it. */
export async function fillOverlay(pid: number): Promise<void> {
  // dd ends with an error: there is no more room, which is the point
  const { stderr } = await run("dd", ["if=/dev/zero", `of=/proc/${pid}/root/overlay/full`, "bs=1M"], { accept: [1] })
  if (!stderr.includes("No space left")) throw new Error(`the overlay can't be filled: ${stderr}`)
}

/** The folder of its memory controller, in either version of control groups. */
function memoryGroup(pid: number): string {
  const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").trim().split("\n")
  const [, controllers, path] =
    lines.map((line) => line.split(":")).find(([, names]) => names === "memory" || names === "") ?? []
  return `/sys/fs/cgroup/${controllers ?? ""}${path}`
}
