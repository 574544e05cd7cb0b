import { createHash } from "node:crypto"
import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { type Cluster } from "./cluster.ts"
import { run } from "./run.ts"

/** What Helm calls the installation. Names of what it installs outside of the namespace begin so. */
export const release = "file-recovery"

/** What `helm status` says of a release. */
interface Release {
  info: { status: string; description: string }
  /** All objects but those of the hooks. */
  manifest: string
}

/** The id of an image as it is loaded in the cluster, "sha256:...". Rejects when it isn't. */
export async function loadedImage(cluster: Cluster, reference: string): Promise<string> {
  const endpoint = `unix://${cluster.state}/n1/containerd.sock`
  const args = ["--runtime-endpoint", endpoint, "--image-endpoint", endpoint, "inspecti", "-o", "json", reference]
  const { stdout } = await run("crictl", args, { env: cluster.env })
  return (JSON.parse(stdout) as { status: { id: string } }).status.id
}

/** Says in one word what is installed: a hash of the chart's files and the values. Kept as the release's description. */
export async function noteOf(chart: string, values: readonly string[]): Promise<string> {
  const hash = createHash("sha256").update(JSON.stringify(values))
  const entries = await readdir(chart, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  for (const file of files.sort())
    hash.update(`\0${file}\0`).update(
      createHash("sha256")
        .update(await readFile(file))
        .digest(),
    )
  return `sha256:${hash.digest("hex")}`
}

/**
 * Whether what the note says is installed and sound: the release says so itself, nothing of it is missing or differs from
 * what Helm would apply, and as many operators as it wants are available within a minute.
 */
export async function isInstalled(cluster: Cluster, namespace: string, note: string): Promise<boolean> {
  const here = ["--namespace", namespace]
  const { code, stdout } = await run("helm", ["status", release, ...here, "-o", "json"], {
    env: cluster.env,
    accept: undefined,
  })
  if (code !== 0) return false
  const { info, manifest } = JSON.parse(stdout) as Release
  if (info.status !== "deployed" || info.description !== note) return false
  // made by a hook, so the manifest doesn't know it
  const authority = await cluster.kubectl(["get", "secret", `${release}-authority`, ...here, "-o", "name"], {
    accept: [0, 1],
  })
  if (authority.code !== 0) return false
  const args = ["diff", "--server-side", "--force-conflicts", "--concurrency=8", ...here, "-f", "-"]
  const difference = await cluster.kubectl(args, { input: manifest, accept: [0, 1] })
  if (difference.code !== 0) return false
  const rollout = ["rollout", "status", `deployment/${release}`, ...here, "--timeout=60s"]
  return (await cluster.kubectl(rollout, { accept: [0, 1] })).code === 0
}
