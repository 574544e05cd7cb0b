import type { PersistentVolume, Pod } from "../../src/kube/objects.ts"
import { type Cluster } from "../support/cluster.ts"
import { namespacesGone } from "../support/namespaces-gone.ts"
import { waitFor } from "../support/wait.ts"
import { operatorsSound } from "./hands/operator.ts"

interface Listed {
  items: {
    metadata: { name: string }
    spec: { unschedulable?: boolean }
    status: { conditions?: { type: string; status: string }[] }
  }[]
}

interface Attachment {
  readonly kind: "VolumeAttachment"
  readonly spec: { readonly source: { readonly persistentVolumeName: string } }
}
type Storage = (PersistentVolume & { kind: "PersistentVolume" }) | (Pod & { kind: "Pod" }) | Attachment

/**
 * Waits until the cluster is what a fault should find: API server, nodes, DNS and operators are ready, and nothing is
 * still on its way out: no namespace, no volume of a pod that is gone. Rejects when that takes too long: then there is no sense in playing on.
 */
export async function sound(cluster: Cluster): Promise<void> {
  const answer = (args: string[]) => cluster.kubectl([...args, "--request-timeout=5s"])
  const allReady = async (...args: string[]) => {
    const { items } = JSON.parse((await answer(["get", ...args, "-o", "json"])).stdout) as Listed
    return items.every(({ spec, status }) => {
      const ready = status.conditions?.find(({ type }) => type === "Ready")
      return ready?.status === "True" && spec.unschedulable !== true
    })
  }
  const idle = async () => {
    const { stdout } = await answer(["get", "volumeattachments,pv,pods", "-A", "-o", "json"])
    return attachedInVain((JSON.parse(stdout) as { items: Storage[] }).items).length === 0
  }
  const options = { seconds: 180, everyMs: 500 }
  await waitFor("the API server", async () => (await answer(["get", "--raw", "/readyz"])).stdout === "ok", options)
  await waitFor("the nodes to be ready", () => allReady("nodes"), options)
  await waitFor("the pods of kube-system", () => allReady("pods", "-n", "kube-system"), options)
  await namespacesGone(cluster)
  await waitFor("volumes that no pod uses to be detached", idle, options)
  await operatorsSound(cluster)
}

/** Names of volumes that are attached and in no pod: the attach controller hears late that a pod is gone. */
function attachedInVain(objects: readonly Storage[]): string[] {
  const used = new Set<string>()
  const volumes = new Map<string, string>()
  for (const object of objects)
    if (object.kind === "Pod") {
      for (const { persistentVolumeClaim } of object.spec?.volumes ?? [])
        if (persistentVolumeClaim) used.add(`${object.metadata?.namespace}/${persistentVolumeClaim.claimName}`)
    } else if (object.kind === "PersistentVolume") {
      const { namespace, name } = object.spec?.claimRef ?? {}
      volumes.set(object.metadata?.name ?? "", `${namespace}/${name}`)
    }
  return objects.flatMap((object) => {
    if (object.kind !== "VolumeAttachment") return []
    const volume = object.spec.source.persistentVolumeName
    return used.has(volumes.get(volume) ?? "") ? [] : [volume]
  })
}
