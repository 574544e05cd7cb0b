import { readFileSync, readlinkSync } from "node:fs"
import { type Cluster, repository } from "../../support/cluster.ts"
import { run } from "../../support/run.ts"
import { processes } from "./processes.ts"

export type Daemon = "kubelet" | "containerd" | "etcd" | "kube-apiserver"

/** Kills a daemon of a node with SIGKILL. As systemd would, the cluster starts it again a second later. */
export function killDaemon(cluster: Cluster, node: string, daemon: Daemon): void {
  const init = readFileSync(`${cluster.state}/${node}/init.pid`, "utf8").trim()
  const namespace = readlinkSync(`/proc/${init}/ns/pid`)
  const inside = processes((pid) => readlinkSync(`/proc/${pid}/ns/pid`) === namespace)
  const found = inside.find(({ program }) => program === daemon)
  if (!found) throw new Error(`no ${daemon} runs in ${node}`)
  process.kill(found.pid, "SIGKILL")
}

/** Away until it is started again. */
export const stopDaemon = (node: string, daemon: Daemon) => cluster("stop", node, daemon)
export const startDaemon = (node: string, daemon: Daemon) => cluster("start", node, daemon)

/** A command of test/cluster. */
export function cluster(...args: string[]): Promise<unknown> {
  return run(`${repository}test/cluster/cluster`, args)
}
