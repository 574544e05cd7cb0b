import { type Cluster, repository } from "./cluster.ts"
import { isInstalled, loadedImage, noteOf, release } from "./installed.ts"
import { run } from "./run.ts"

export const operatorNamespace = "file-recovery"

/**
 * Installs the chart with the images that `npm run images` made, in a namespace that enforces `restricted`, and waits. When
 * the very same is there already, and all of it is as Helm would make it, that is all; otherwise it is put right.
 */
export async function installChart(cluster: Cluster, ...more: string[]): Promise<void> {
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" }
  await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: operatorNamespace, labels } })
  const chart = `${repository}charts/file-recovery-operator`
  const values = [
    "images.operator.repository=localhost/file-recovery-operator",
    "images.operator.tag=dev",
    "images.operator.pullPolicy=Never",
    "images.engine.repository=localhost/file-recovery-engine",
    "images.engine.tag=dev",
    "images.engine.pullPolicy=Never",
    // the tag stays when the image is built again: this makes new pods of it
    `operator.podAnnotations.image=${await loadedImage(cluster, "localhost/file-recovery-operator:dev")}`,
    "guest.cpus=2",
    ...more,
  ]
  const note = await noteOf(chart, values)
  if (await isInstalled(cluster, operatorNamespace, note)) return
  await upgradeDefinitions(cluster, `${chart}/crds`)
  const args = ["upgrade", "--install", release, chart, "--namespace", operatorNamespace, "--description", note]
  const set = values.flatMap((value) => ["--set", value])
  // conflicts: what a test scaled or changed by hand goes back to what the chart says
  await run("helm", [...args, ...set, "--force-conflicts", "--wait", "--timeout", "180s"], { env: cluster.env })
}

/** Helm installs definitions and never upgrades them: docs/install.md has people do that. */
async function upgradeDefinitions(cluster: Cluster, folder: string): Promise<void> {
  const known = await cluster.get("crd", "filerecoverysessions.filerecovery.dev")
  if (known === undefined) return
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "--field-manager=helm", "-f", folder])
}

/** As an administrator does it, with Helm's own patience. Rejects with Helm's words. */
export async function uninstallChart(cluster: Cluster, ...more: string[]): Promise<void> {
  await run("helm", ["uninstall", release, "--namespace", operatorNamespace, "--wait", ...more], { env: cluster.env })
}

/** Changes how many operators there are, and waits until it is so. */
export async function scaleOperator(cluster: Cluster, replicas: number): Promise<void> {
  const deployment = [`deployment/${release}`, "-n", operatorNamespace]
  await cluster.kubectl(["scale", ...deployment, `--replicas=${replicas}`])
  await cluster.kubectl(["rollout", "status", ...deployment, "--timeout=120s"])
  if (replicas > 0) return
  const pods = ["pod", "-n", operatorNamespace, "-l", "app.kubernetes.io/name=file-recovery-operator"]
  await cluster.kubectl(["wait", ...pods, "--for=delete", "--timeout=60s"])
}
