import { type Cluster } from "./cluster.ts"
import { run } from "./run.ts"
import { takeSnapshots } from "./snapshot.ts"
import { waitFor } from "./wait.ts"
import { claimManifests, claims, type Manifest, runTask } from "./workload.ts"

interface Snapshot {
  metadata: { name: string }
  status?: { boundVolumeSnapshotContentName?: string }
}

/** Makes the namespace, enforcing Pod Security `restricted`; one of that name that is going is waited for. */
export async function makeNamespace(cluster: Cluster, name: string): Promise<void> {
  const known = await cluster.get<{ metadata: { deletionTimestamp?: string } }>("namespace", name)
  if (known?.metadata.deletionTimestamp !== undefined)
    await cluster.kubectl(["wait", `namespace/${name}`, "--for=delete", "--timeout=180s"])
  const labels = { "pod-security.kubernetes.io/enforce": "restricted" }
  await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } })
  await waitFor("the default service account", () => cluster.get("serviceaccount", "default", name), { seconds: 30 })
}

/** Deletes namespaces with all that is in them; namespaces-gone.ts waits for them when all tests are over. */
export async function removeNamespaces(cluster: Cluster, ...names: string[]): Promise<void> {
  await cluster.kubectl(["delete", "namespace", ...names, "--ignore-not-found", "--wait=false"])
}

/** The application formats its disks and writes its files. */
export async function write(cluster: Cluster, namespace: string): Promise<Manifest> {
  await cluster.apply(...claimManifests(namespace))
  return runTask(cluster, namespace, "write")
}

/** Takes a VolumeSnapshot of every claim and waits until they can be used. The snapshot's name is `<claim>-<suffix>`. */
export async function snapshot(cluster: Cluster, namespace: string, suffix: string): Promise<void> {
  await takeSnapshots(
    cluster,
    namespace,
    claims.map(({ name }) => ({ claim: name, name: `${name}-${suffix}` })),
  )
}

/** Deletes files from the live volumes, and looks with a new virtual machine what is there afterwards. */
export async function lose(cluster: Cluster, namespace: string): Promise<Manifest> {
  await runTask(cluster, namespace, "delete")
  return runTask(cluster, namespace, "list")
}

/** sha256 of the driver's file behind each snapshot of the namespace, by snapshot name. */
export async function snapshotHashes(cluster: Cluster, namespace: string): Promise<Map<string, string>> {
  const { stdout } = await cluster.kubectl(["get", "volumesnapshots", "-n", namespace, "-o", "json"])
  const { items } = JSON.parse(stdout) as { items: Snapshot[] }
  const hashes = new Map<string, string>()
  for (const { metadata, status } of items) {
    const content = await cluster.get<{ status: { snapshotHandle: string } }>(
      "volumesnapshotcontent",
      status?.boundVolumeSnapshotContentName ?? "",
    )
    hashes.set(metadata.name, await hashFile(`${cluster.state}/csi/${content?.status.snapshotHandle}.img`))
  }
  return hashes
}

/** The same of the session's clones, by the name of the snapshot each was made from. */
export async function cloneHashes(cluster: Cluster, namespace: string): Promise<Map<string, string>> {
  const hashes = new Map<string, string>()
  for (const [snapshot, file] of await cloneFiles(cluster, namespace)) hashes.set(snapshot, await hashFile(file))
  return hashes
}

/** The driver's file behind each clone of the namespace's sessions, by the name of its snapshot. */
export async function cloneFiles(cluster: Cluster, namespace: string): Promise<Map<string, string>> {
  interface Claim {
    spec: { volumeName?: string; dataSource?: { name: string } }
  }
  const selector = "filerecovery.dev/session-uid"
  const { stdout } = await cluster.kubectl(["get", "pvc", "-n", namespace, "-l", selector, "-o", "json"])
  const files = new Map<string, string>()
  for (const { spec } of (JSON.parse(stdout) as { items: Claim[] }).items) {
    const volume = await cluster.get<{ spec: { csi: { volumeHandle: string } } }>("pv", spec.volumeName ?? "")
    files.set(spec.dataSource?.name ?? "", `${cluster.state}/csi/${volume?.spec.csi.volumeHandle}.img`)
  }
  return files
}

async function hashFile(file: string): Promise<string> {
  return (await run("openssl", ["dgst", "-sha256", "-r", file])).stdout.slice(0, 64)
}
