import { COPY_LABEL, COPY_UID_LABEL } from "../../api/labels.ts"
import { kinds } from "../../kube/kinds.ts"
import { decideCopy } from "../../session/copy/decide.ts"
import type { ReconcilerDeps } from "../deps.ts"
import { sessionLabel } from "../../children/metadata.ts"
import { copyChildren, gatherCopy } from "./gather-copy.ts"
import { performCopy } from "./perform-copy.ts"

type Deps = Pick<ReconcilerDeps, "kube" | "stores" | "settings" | "events" | "now" | "log">
interface Key {
  namespace: string
  name: string
}

/** Brings one copy a step further. What it throws is to be tried again, later each time. */
export async function reconcileCopy(deps: Deps, key: Key): Promise<{ requeueAfterMs?: number }> {
  const gathered = await gatherCopy(deps, key)
  if (gathered) await removeOfOthers(deps, key, gathered.observed.copy.uid)
  else await removeOfOthers(deps, key)
  return gathered ? performCopy(deps, gathered, decideCopy(gathered.observed, deps.now().getTime())) : {}
}

/** What copies of that name have left that are gone: pods and NetworkPolicies within sessions that go on. */
async function removeOfOthers({ kube, stores, log }: Deps, { namespace, name }: Key, keep?: string): Promise<void> {
  const label = sessionLabel(name)
  const uids = new Set(
    [...stores.pods.inNamespace(namespace), ...stores.networkPolicies.inNamespace(namespace)].flatMap(({ metadata }) =>
      metadata?.labels?.[COPY_LABEL] === label ? (metadata.labels[COPY_UID_LABEL] ?? []) : [],
    ),
  )
  if (keep !== undefined) uids.delete(keep)
  if (uids.size === 0) return
  // names may be cut to what a label holds, and a store may be late: whose copy is there is not touched
  const copies = await kube.list<{ metadata?: { uid?: string } }>(kinds.FileRecoveryCopy, { namespace })
  for (const { metadata } of copies) uids.delete(metadata?.uid ?? "")
  for (const uid of uids) {
    const { pods, policies } = await copyChildren({ kube }, { namespace, name, uid })
    log.info({ copy: `${namespace}/${name}`, uid, pods: pods.length }, "a copy is gone, and what it had goes")
    const remove = (kind: "Pod" | "NetworkPolicy", metadata: { name?: string; uid?: string } = {}) =>
      kube.remove(kinds[kind], metadata.name ?? "", namespace, { uid: metadata.uid ?? "", propagation: "Background" })
    await Promise.all([
      ...pods.map(({ metadata }) => remove("Pod", metadata)),
      ...policies.map(({ metadata }) => remove("NetworkPolicy", metadata)),
    ])
  }
}
