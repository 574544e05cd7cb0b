import { type Cluster } from "../support/cluster.ts"
import { waitFor } from "../support/wait.ts"
import { operatorsSound } from "./hands/operator.ts"

interface Listed {
  items: {
    metadata: { name: string }
    spec: { unschedulable?: boolean }
    status: { conditions?: { type: string; status: string }[] }
  }[]
}

/** Waits until the cluster is what a fault should find: API server, nodes, DNS and operators are ready. */
export async function sound(cluster: Cluster): Promise<void> {
  const answer = (args: string[]) => cluster.kubectl([...args, "--request-timeout=5s"])
  const allReady = async (...args: string[]) => {
    const { items } = JSON.parse((await answer(["get", ...args, "-o", "json"])).stdout) as Listed
    return items.every(({ spec, status }) => {
      const ready = status.conditions?.find(({ type }) => type === "Ready")
      return ready?.status === "True" && spec.unschedulable !== true
    })
  }
  const options = { seconds: 180, everyMs: 500 }
  await waitFor("the API server", async () => (await answer(["get", "--raw", "/readyz"])).stdout === "ok", options)
  await waitFor("the nodes to be ready", () => allReady("nodes"), options)
  await waitFor("the pods of kube-system", () => allReady("pods", "-n", "kube-system"), options)
  await operatorsSound(cluster)
}
