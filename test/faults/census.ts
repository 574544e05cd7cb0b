import { type Cluster } from "../support/cluster.ts"
import { operatorNamespace } from "../support/install.ts"
import { release } from "../support/installed.ts"
import { type Inventory, takeInventory } from "../support/inventory.ts"
import { waitFor } from "../support/wait.ts"

/**
 * What there is, counted. Objects count by their UID. What a fault may make somebody replace (pods of the operator and of
 * the cluster itself, all that the chart installs, mounts, definitions, nodes) counts by its form: there must be as many of
 * each as before. What tells of earlier installations only has to be there as before.
 */
export class Census {
  readonly #counts = new Map<string, { words: string; count: number }>()
  readonly total: number

  constructor(inventory: Inventory) {
    this.total = inventory.size
    for (const [key, words] of inventory) {
      const form = formOf(words)
      const id = form === undefined ? key : `form ${form}`
      const before = form === history ? 0 : (this.#counts.get(id)?.count ?? 0)
      this.#counts.set(id, { words: form ?? words, count: before + 1 })
    }
  }

  /** What is in this one and not, or not so often, in the other, in words, sorted. */
  without(other: Census): string[] {
    return [...this.#counts]
      .flatMap(([id, { words, count }]) => {
        const more = count - (other.#counts.get(id)?.count ?? 0)
        return more > 0 ? [more === 1 ? words : `${more} times ${words}`] : []
      })
      .sort()
  }
}

export async function takeCensus(cluster: Cluster): Promise<Census> {
  return new Census(await takeInventory(cluster))
}

/** How two censuses differ, in words. */
export function differences(before: Census, after: Census): string[] {
  return [
    ...after.without(before).map((what) => `left: ${what}`),
    ...before.without(after).map((what) => `lost: ${what}`),
  ]
}

/**
 * A census at rest: one that is the same as one taken before, which is `earlier` or its own predecessor. What was there
 * before may still be on its way out of the nodes.
 */
export async function takeCensusAtRest(cluster: Cluster, earlier?: Census): Promise<Census> {
  let last = earlier ?? (await takeCensus(cluster))
  let moved: string[] = []
  const same = async () => {
    const now = await takeCensus(cluster)
    moved = differences(last, now)
    last = now
    return moved.length === 0
  }
  await waitFor("everything to be at rest", same, { seconds: 120, everyMs: 2000, describe: () => moved.join(", ") })
  return last
}

/** What of a mount's path is made up for each container or pod. */
const ids = /[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=kube-api-access-)[a-z0-9]{5}$/g
const podsOfAll = new RegExp(`^Pod (${operatorNamespace}|kube-system)/`)
/** Of the chart: what is in the operator's namespace, and outside of all namespaces what begins with the release's name. */
const installed = new RegExp(
  `^\\w+ ${operatorNamespace}/|^(ClusterRole|ValidatingAdmissionPolicy)(Binding)? ${release}(-|$)`,
)
/** A new one for each upgrade; Helm and the Deployment keep some, and none when the chart is uninstalled in between. */
const upgrades = new RegExp(`^(Secret ${operatorNamespace}/sh\\.helm\\.release\\.|ReplicaSet ${operatorNamespace}/)`)
const history = "what is kept of upgrades of the operator"

function formOf(words: string): string | undefined {
  // a pod of the operator that has to leave a node has its mounts in another one then
  if (words.startsWith("mount on ")) return words.replaceAll(ids, "<id>").replace(/^mount on \S+:/, "mount:")
  if (/^(CustomResourceDefinition|APIService|Node|CSINode) /.test(words)) return words
  const namespace = podsOfAll.exec(words)?.[1]
  if (namespace !== undefined) return `a pod of ${namespace}`
  // each Service has one, of its own number
  if (words.startsWith("IPAddress ")) return "an address of a Service"
  if (upgrades.test(words)) return history
  // the rest of such a name is made up by the cluster
  return installed.test(words) ? words.replace(/^(EndpointSlice .*-)[a-z0-9]{5}$/, "$1<id>") : undefined
}
