import { existsSync } from "node:fs"
import { setTimeout as delay } from "node:timers/promises"
import { waitFor } from "../support/wait.ts"
import type { Fault, Group } from "./fault.ts"
import { type Daemon, killDaemon, startDaemon, stopDaemon } from "./hands/daemons.ts"
import { directDownload } from "./hands/direct.ts"
import { processIn } from "./hands/processes.ts"
import type { Scene } from "./scene.ts"

/** The control plane runs in the first node. */
const node = "n1"

const killed = (daemon: Daemon): Fault => ({
  name: `${daemon} killed during a download`,
  at: "download",
  strike: async ({ cluster }) => killDaemon(cluster, node, daemon),
  outcome: "recovers",
})

/** How long the API server is away. */
const awaySeconds = 30

/** What a session serves its disks and files with. */
const servers = async (scene: Scene) => [
  processIn(await scene.pod("target"), "target", "node"),
  processIn(await scene.pod("restore"), "files", "node"),
  processIn(await scene.pod("restore"), "guest", "qemu"),
]

/** How much later than told a session's processes may end. */
const lateSeconds = 60

/** The cluster's own processes. */
export const daemons: Group = {
  name: "daemons",
  faults: [
    killed("kubelet"),
    killed("containerd"),
    killed("etcd"),
    killed("kube-apiserver"),
    {
      name: `API server away for ${awaySeconds} s during a download`,
      at: "download",
      strike: async (scene) => {
        const begin = await directDownload(scene)
        await stopDaemon(node, "kube-apiserver")
        const away = delay(awaySeconds * 1000)
        return async () => {
          try {
            const wrong = await begin().finish()
            if (wrong > 0) throw new Error(`${wrong} bytes were wrong while the API server was away`)
            await away
          } finally {
            await startDaemon(node, "kube-apiserver")
          }
        }
      },
      outcome: "recovers",
    },
    {
      name: "API server away when the session's time is over",
      spec: { ttl: "2m" },
      at: "Ready",
      strike: async (scene) => {
        const pids = await servers(scene)
        const end = Date.parse(scene.status.expiresAt ?? "")
        await stopDaemon(node, "kube-apiserver")
        return async () => {
          try {
            const areGone = async () => !pids.some((pid) => existsSync(`/proc/${pid}`))
            const seconds = (end - Date.now()) / 1000 + lateSeconds
            await waitFor("the session's processes to end", areGone, { seconds })
            if (Date.now() < end) throw new Error("the session's processes ended before its time")
          } finally {
            await startDaemon(node, "kube-apiserver")
          }
        }
      },
      outcome: { ends: "Expired", reason: "TtlEnded" },
    },
  ],
}
