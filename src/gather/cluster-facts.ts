import type { KubeReader } from "../kube/client.ts"
import { kinds } from "../kube/kinds.ts"
import type { CSINode, KubeObject, Node } from "../kube/objects.ts"

/** What is the same for all sessions. */
export interface ClusterFacts {
  /** Whether a CSI driver is installed: not every driver has a CSIDriver, but each tells the nodes it runs on. */
  hasDriver(name: string): Promise<boolean>
  /** Whether a node that these labels select, and that takes pods, offers an extended resource. */
  offers(resource: string, nodeSelector: Readonly<Record<string, string>>): Promise<boolean>
}

/** Nodes come and go, but a thousand sessions that start must not list them a thousand times. */
const KEPT_MS = 30_000

/** Asks the API server, and the next 30 seconds nobody. What fails is not kept. */
export function clusterFacts(kube: KubeReader, now: () => number): ClusterFacts {
  const known = new Map<string, { since: number; answer: Promise<boolean> }>()
  const remember = (key: string, ask: () => Promise<boolean>): Promise<boolean> => {
    const before = known.get(key)
    if (before && now() - before.since < KEPT_MS) return before.answer
    const answer = ask()
    known.set(key, { since: now(), answer })
    answer.catch(() => known.delete(key))
    return answer
  }
  return {
    hasDriver: (name) => remember(`driver ${name}`, () => hasDriver(kube, name)),
    offers: (resource, selector) => {
      const labelSelector = Object.entries(selector)
        .map(([key, value]) => `${key}=${value}`)
        .join(",")
      return remember(`offer ${resource} ${labelSelector}`, () => offers(kube, resource, labelSelector))
    },
  }
}

async function hasDriver(kube: KubeReader, name: string): Promise<boolean> {
  if (await kube.get<KubeObject>(kinds.CSIDriver, name)) return true
  const nodes = await kube.list<CSINode>(kinds.CSINode)
  return nodes.some(({ spec }) => spec?.drivers?.some((driver) => driver.name === name))
}

async function offers(kube: KubeReader, resource: string, labelSelector: string): Promise<boolean> {
  const nodes = await kube.list<Node>(kinds.Node, labelSelector === "" ? {} : { labelSelector })
  return nodes.some(
    ({ spec, status }) => spec?.unschedulable !== true && (status?.allocatable?.[resource] ?? "0") !== "0",
  )
}
