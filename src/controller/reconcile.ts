import { clusterFacts } from "../gather/cluster-facts.ts"
import { decide } from "../session/decide.ts"
import type { ReconcilerDeps } from "./deps.ts"
import { gather } from "./gather.ts"
import { perform } from "./perform.ts"
import { collectContents } from "./reconcile-contents.ts"
import { collectOrphans } from "./reconcile-orphans.ts"

/** An orphan that must wait for another one to go is looked at again after this. */
const ORPHANS_MS = 5000

export interface Reconciler {
  /** Brings one session a step further. What it throws is to be tried again, later each time. */
  reconcile(key: { namespace: string; name: string }): Promise<{ requeueAfterMs?: number }>
}

/** One reconcile: gather everything into a value, decide on it, carry the plan out. Nothing of a session is kept in between. */
export function makeReconciler(deps: ReconcilerDeps): Reconciler {
  const facts = clusterFacts(deps.kube, () => deps.now().getTime())
  return {
    async reconcile(key) {
      const gathered = await gather(deps, key, facts)
      const uid = gathered?.observed.session.uid
      await collectOrphans(deps, key, uid)
      const waiting = await collectContents(deps, key, uid)
      const { requeueAfterMs = Number.POSITIVE_INFINITY } = gathered
        ? await perform(deps, gathered, decide(gathered.observed, deps.now().getTime()))
        : {}
      const next = Math.min(requeueAfterMs, waiting > 0 ? ORPHANS_MS : Number.POSITIVE_INFINITY)
      return Number.isFinite(next) ? { requeueAfterMs: next } : {}
    },
  }
}
