import { type Cluster, repository } from "./cluster.ts"
import { run } from "./run.ts"

export const operatorNamespace = "file-recovery"
/** What Helm calls the installation. Names of what it installs outside of the namespace begin so. */
export const release = "file-recovery"

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
  const args = ["upgrade", "--install", release, `${repository}charts/file-recovery-operator`]
  const set = values.flatMap((value) => ["--set", value])
  await run("helm", [...args, "--namespace", operatorNamespace, ...set, "--wait", "--timeout", "180s"], {
    env: cluster.env,
  })
}

/** As an administrator does it, with Helm's own patience. Rejects with Helm's words. */
export async function uninstallChart(cluster: Cluster, ...more: string[]): Promise<void> {
  await run("helm", ["uninstall", release, "--namespace", operatorNamespace, "--wait", ...more], { env: cluster.env })
}

/** Changes how many operators there are, and waits until it is so. */
export async function scaleOperator(cluster: Cluster, replicas: number): Promise<void> {
  const deployment = ["deployment/file-recovery", "-n", operatorNamespace]
  await cluster.kubectl(["scale", ...deployment, `--replicas=${replicas}`])
  await cluster.kubectl(["rollout", "status", ...deployment, "--timeout=120s"])
  if (replicas > 0) return
  const pods = ["pod", "-n", operatorNamespace, "-l", "app.kubernetes.io/name=file-recovery-operator"]
  await cluster.kubectl(["wait", ...pods, "--for=delete", "--timeout=60s"])
}
