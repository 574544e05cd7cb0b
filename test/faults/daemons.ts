import { setTimeout as delay } from "node:timers/promises"
import type { Fault, Group } from "./fault.ts"
import { directDownload } from "./hands/direct.ts"
import { type Daemon, killDaemon, startDaemon, stopDaemon } from "./hands/daemons.ts"

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
  ],
}
