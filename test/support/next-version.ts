import { join } from "node:path"
import { type Cluster, repository } from "./cluster.ts"
import { operatorNamespace } from "./install.ts"
import { run } from "./run.ts"

const images = ["localhost/file-recovery-operator", "localhost/file-recovery-engine"]
const deployment = ["deployment/file-recovery", "-n", operatorNamespace]

/**
 * What is installed once more, as the release `version`: a chart of that version, and images under its tag in every node.
 * The programs are the same; every name that the chart, the policies and the pods go by is another.
 */
export async function makeVersion(cluster: Cluster, version: string, folder: string): Promise<{ chart: string }> {
  for (const image of images) await onNodes(cluster, "tag", "--force", `${image}:dev`, `${image}:${version}`)
  const args = ["--version", version, "--app-version", version, "--destination", folder]
  await run("helm", ["package", `${repository}charts/file-recovery-operator`, ...args], { env: cluster.env })
  return { chart: join(folder, `file-recovery-operator-${version}.tgz`) }
}

/** Takes the images away again. */
export async function forgetVersion(cluster: Cluster, version: string): Promise<void> {
  await onNodes(cluster, "rm", ...images.map((image) => `${image}:${version}`))
}

/** Upgrades as docs/install.md says: first the definitions, then the release with the values it has and others. */
export async function upgrade(cluster: Cluster, chart: string, values: readonly string[]): Promise<void> {
  const { stdout: definitions } = await run("helm", ["show", "crds", chart], { env: cluster.env })
  const asHelm = ["--server-side", "--force-conflicts", "--field-manager=helm"]
  await cluster.kubectl(["apply", ...asHelm, "-f", "-"], { input: definitions })
  const set = values.flatMap((value) => ["--set", value])
  await helm(cluster, "upgrade", "file-recovery", chart, "--reset-then-reuse-values", ...set)
}

/** Goes back to the version before, and waits until its operators are there. */
export async function rollBack(cluster: Cluster): Promise<void> {
  await helm(cluster, "rollback", "file-recovery")
  await rolledOut(cluster)
}

/** Holds back new operators: what is upgraded meanwhile is all but them. */
export async function holdRollout(cluster: Cluster): Promise<void> {
  await cluster.kubectl(["rollout", "pause", ...deployment])
}

/** Lets them come, if they were held back, and waits until they are there. */
export async function goOn(cluster: Cluster): Promise<void> {
  await cluster.kubectl(["rollout", "resume", ...deployment], { accept: [0, 1] }) // 1: nobody held them back
  await rolledOut(cluster)
}

async function rolledOut(cluster: Cluster): Promise<void> {
  await cluster.kubectl(["rollout", "status", ...deployment, "--timeout=120s"])
}

/** The image of the operator that leads. */
export async function leaderImage(cluster: Cluster): Promise<string | undefined> {
  const lease = await cluster.get<{ spec?: { holderIdentity?: string } }>("lease", "file-recovery", operatorNamespace)
  const [name = ""] = lease?.spec?.holderIdentity?.split("_") ?? []
  if (name === "") return undefined
  const pod = await cluster.get<{ spec: { containers: { image: string }[] } }>("pod", name, operatorNamespace)
  return pod?.spec.containers[0]?.image
}

const helm = (cluster: Cluster, ...args: string[]) =>
  run("helm", [...args, "--namespace", operatorNamespace], { env: cluster.env })

async function onNodes(cluster: Cluster, verb: string, ...args: string[]): Promise<void> {
  const { stdout } = await cluster.kubectl(["get", "nodes", "-o", "name"])
  for (const node of stdout.split("\n").flatMap((line) => line.split("/")[1] ?? [])) {
    const ctr = ["ctr", "-a", `${cluster.state}/${node}/containerd.sock`, "-n", "k8s.io", "images", verb]
    await run(`${repository}test/cluster/cluster`, ["exec", node, ...ctr, ...args])
  }
}
