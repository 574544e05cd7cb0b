import { kinds } from "../../../src/kube/kinds.ts"
import type { Lease, Pod } from "../../../src/kube/objects.ts"
import { type Cluster } from "../../support/cluster.ts"
import { operatorNamespace } from "../../support/install.ts"
import { waitFor } from "../../support/wait.ts"
import { processIn } from "./processes.ts"

const lease = "file-recovery"

/** The pod of the operator that leads. */
export async function leaderPod(cluster: Cluster): Promise<Pod> {
  const name = await leader(cluster)
  const pod = name && (await cluster.get<Pod>("pod", name, operatorNamespace))
  if (!pod) throw new Error(`the leader ${name} is no pod of ${operatorNamespace}`)
  return pod
}

/** An operator's process, as the machine numbers it. */
export const operatorProcess = (pod: Pod): number => processIn(pod, "operator", "node")

/** The process that leads. */
export async function leaderProcess(cluster: Cluster): Promise<number> {
  return operatorProcess(await leaderPod(cluster))
}

/** Kills the operator that leads. Its lease stays until it has run out. */
export async function killLeader(cluster: Cluster): Promise<void> {
  process.kill(await leaderProcess(cluster), "SIGKILL")
}

/** For one that was killed: a new pod at once instead of the kubelet's pauses, and the lease for whoever is next. */
export async function replaceLeader(cluster: Cluster): Promise<void> {
  const name = (await leader(cluster)) ?? ""
  await cluster.kubectl(["delete", "pod", name, "-n", operatorNamespace, "--wait=false", "--ignore-not-found"])
  const given = JSON.stringify({ spec: { holderIdentity: "" } })
  await cluster.kubectl(["patch", "lease", lease, "-n", operatorNamespace, "--type=merge", "-p", given])
}

/**
 * Waits until all operators are ready and one of them leads. One that was killed is replaced before: the kubelet would
 * make the next fault wait ever longer for its return. It may be on its way out already, after a new installation.
 */
export async function operatorsSound(cluster: Cluster): Promise<void> {
  for (const { metadata, status } of await operators(cluster)) {
    const restarts = status?.containerStatuses?.some(({ restartCount }) => restartCount > 0)
    if (restarts)
      await cluster.kubectl(["delete", "pod", metadata?.name ?? "", "-n", operatorNamespace, "--ignore-not-found"])
  }
  const sound = async () => {
    const pods = await operators(cluster)
    const ready = pods.filter(isReady)
    const leads = await leader(cluster)
    return pods.length > 1 && ready.length === pods.length && ready.some(({ metadata }) => metadata?.name === leads)
  }
  const describe = async () =>
    `${await leader(cluster)} leads; ${(await cluster.kubectl(["get", "pods", "-n", operatorNamespace])).stdout}`
  await waitFor("operators that are ready, and one that leads", sound, { seconds: 120, everyMs: 500, describe })
}

/** One that is on its way out answers for a while, but is not to be counted on. */
function isReady({ metadata, status }: Pod): boolean {
  const allReady = status?.containerStatuses?.every(({ ready }) => ready) === true
  return allReady && metadata?.deletionTimestamp === undefined
}

/** The name of the pod whose operator has the lease. */
async function leader(cluster: Cluster): Promise<string | undefined> {
  const found = await cluster.get<Lease>(kinds.Lease.kind, lease, operatorNamespace)
  return found?.spec?.holderIdentity?.split("_")[0]
}

/** The pods of all operators. */
export async function operators(cluster: Cluster): Promise<Pod[]> {
  const selector = "app.kubernetes.io/name=file-recovery-operator"
  const { stdout } = await cluster.kubectl(["get", "pods", "-n", operatorNamespace, "-l", selector, "-o", "json"])
  return (JSON.parse(stdout) as { items: Pod[] }).items
}
