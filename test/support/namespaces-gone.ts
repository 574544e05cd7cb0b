import { type Cluster, openCluster } from "./cluster.ts"
import { waitFor } from "./wait.ts"

interface Namespace {
  metadata: { name: string; deletionTimestamp?: string }
  status?: { conditions?: { type: string; status: string; message: string }[] }
}

/** When all end-to-end tests are over: the namespaces they deleted do go. Until then nobody waits for that. */
export async function teardown(): Promise<void> {
  await namespacesGone(await openCluster())
}

/** Waits until no namespace is on its way out, and names those that stay. */
export async function namespacesGone(cluster: Cluster): Promise<void> {
  let going: Namespace[] = []
  const none = async () => {
    const { stdout } = await cluster.kubectl(["get", "namespaces", "-o", "json"])
    const { items } = JSON.parse(stdout) as { items: Namespace[] }
    going = items.filter(({ metadata }) => metadata.deletionTimestamp !== undefined)
    return going.length === 0
  }
  const why = ({ metadata, status }: Namespace) => {
    const open = status?.conditions?.filter((one) => one.status === "True") ?? []
    return [`${metadata.name}:`, ...open.map(({ message }) => message)].join(" ")
  }
  await waitFor("deleted namespaces to be gone", none, { seconds: 180, describe: () => going.map(why).join("\n") })
}
