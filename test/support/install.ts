import { type Cluster, repository } from "./cluster.ts"
import { run } from "./run.ts"

export const operatorNamespace = "file-recovery"

/** Installs the chart with the images that `npm run images` made, in a namespace that enforces `restricted`, and waits. */
export async function installChart(cluster: Cluster, ...more: string[]): Promise<void> {
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" }
  await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: operatorNamespace, labels } })
  const values = [
    "images.operator.repository=localhost/file-recovery-operator",
    "images.operator.tag=dev",
    "images.operator.pullPolicy=Never",
    "images.engine.repository=localhost/file-recovery-engine",
    "images.engine.tag=dev",
    "images.engine.pullPolicy=Never",
    "guest.cpus=2",
    ...more,
  ]
  const args = ["upgrade", "--install", "file-recovery", `${repository}charts/file-recovery-operator`]
  const set = values.flatMap((value) => ["--set", value])
  await run("helm", [...args, "--namespace", operatorNamespace, ...set, "--wait", "--timeout", "180s"], {
    env: cluster.env,
  })
}
