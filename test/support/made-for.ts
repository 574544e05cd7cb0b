import type { Cluster } from "./cluster.ts"

interface Found {
  kind: string
  metadata: { name: string; uid: string; resourceVersion?: string; managedFields?: object[] }
  spec?: object
  status?: { containerStatuses?: { name: string; restartCount: number; containerID?: string }[] }
}

/**
 * Everything that was made for a session, by kind and name, in such a way that two looks are equal only if nobody has
 * touched anything between: of a pod all but what the kubelet says of it, and its containers; of the others the version.
 */
export async function madeFor(cluster: Cluster, namespace: string, sessionUid: string): Promise<Map<string, object>> {
  const kinds = "pods,services,networkpolicies,secrets,persistentvolumeclaims,filerecoveryattachments"
  const selector = `filerecovery.dev/session-uid=${sessionUid}`
  const { stdout } = await cluster.kubectl(["get", kinds, "-n", namespace, "-l", selector, "-o", "json"])
  const { items } = JSON.parse(stdout) as { items: Found[] }
  return new Map(items.map((one) => [`${one.kind} ${one.metadata.name}`, touched(one)]))
}

function touched({ kind, metadata, spec, status }: Found): object {
  const { resourceVersion, managedFields: _, ...rest } = metadata
  if (kind !== "Pod") return { uid: metadata.uid, resourceVersion }
  const containers = status?.containerStatuses?.map(({ name, restartCount, containerID }) => ({
    name,
    restartCount,
    containerID,
  }))
  return { ...rest, spec, containers }
}
