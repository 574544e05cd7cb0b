import { cluster as clusterCommand } from "../../faults/hands/daemons.ts"
import type { Cluster } from "../../support/cluster.ts"
import { run } from "../../support/run.ts"
import { progress } from "../progress.ts"

/** Of kwok's pods (test/cluster/conf/run/kwok). */
const podNetwork = "10.245.0.0/16"
const nodes = 20

/** Where the operator is to place the pods of sessions: values of the chart. */
export const onFakeNodes = [
  "sessions.nodeSelector.type=kwok",
  "sessions.tolerations[0].key=kwok",
  "sessions.tolerations[0].operator=Exists",
]

/**
 * Nodes that exist in the API only: kwok says of their pods that they run, and gives them addresses, which all end on
 * this machine until the end. The API server, scheduler, controllers and the volumes are the real ones; nothing is
 * attached, because no kubelet asks for it. kube-router is away meanwhile: it looks at every NetworkPolicy of the
 * cluster again whenever one comes, and would take most of the machine for pods it can't protect.
 */
export async function fakeNodes(cluster: Cluster): Promise<AsyncDisposable> {
  await using made = new AsyncDisposableStack()
  await run("ip", ["route", "replace", "local", podNetwork, "dev", "lo"])
  made.defer(async () => void (await run("ip", ["route", "delete", "local", podNetwork, "dev", "lo"])))
  await clusterCommand("stop", "n1", "kube-router")
  made.defer(async () => void (await clusterCommand("start", "n1", "kube-router")))
  await clusterCommand("start", "n1", "kwok")
  made.defer(async () => void (await clusterCommand("stop", "n1", "kwok")))
  made.defer(async () => void (await cluster.kubectl(["delete", "node", "-l", "type=kwok"])))
  await cluster.apply(...Array.from({ length: nodes }, (_, index) => node(`fake-${index}`)))
  await cluster.kubectl(["wait", "--for=condition=Ready", "node", "-l", "type=kwok", "--timeout=60s"])
  progress(`${nodes} fake nodes are Ready`)
  return made.move()
}

function node(name: string): object {
  const room = { cpu: "256", memory: "1Ti", pods: "500" }
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, labels: { type: "kwok", "kubernetes.io/hostname": name } },
    spec: { taints: [{ key: "kwok", value: "fake", effect: "NoSchedule" }] },
    status: { allocatable: room, capacity: room },
  }
}
