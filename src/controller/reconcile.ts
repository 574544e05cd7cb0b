import type { SessionRef } from "../children/names.ts"
import { clusterFacts } from "../gather/cluster-facts.ts"
import { keyOf } from "../kube/store.ts"
import { decide } from "../session/decide.ts"
import type { Plan } from "../session/plan.ts"
import { needsPlace } from "../session/queue.ts"
import { reconcileCopy } from "./copies/reconcile-copy.ts"
import type { ReconcilerDeps } from "./deps.ts"
import { gather } from "./gather.ts"
import type { Gathered } from "./gather.ts"
import { LiveSessions } from "./live-sessions.ts"
import { perform } from "./perform.ts"
import { collectOrphans, remainsOf } from "./reconcile-orphans.ts"

export interface Reconciler {
  /**
   * Brings one session a step further. What it throws is to be tried again, later each time. `orphans`: the session is
   * gone, and something of these is left that should be looked at.
   */
  reconcile(key: { namespace: string; name: string }): Promise<{ requeueAfterMs?: number; orphans?: SessionRef[] }>
  /** Brings one copy into a claim a step further, the same way. */
  copy(key: { namespace: string; name: string }): Promise<{ requeueAfterMs?: number }>
  /** Removes a step further what is left of a session, if that is gone. */
  collect(session: SessionRef): Promise<{ requeueAfterMs?: number }>
}

/**
 * One reconcile: gather everything into a value, decide on it, carry the plan out. Of sessions only who is in progress is
 * kept in between.
 */
export function makeReconciler(deps: ReconcilerDeps): Reconciler {
  const { kube, places } = deps
  const sessions = new LiveSessions(deps)
  const facts = clusterFacts(kube, () => deps.now().getTime())
  return {
    async reconcile(key) {
      await places.fill(kube)
      const gathered = await gather(deps, sessions, key, facts).catch((error: unknown) => {
        places.stepAside(keyOf({ metadata: key }))
        throw error
      })
      if (!gathered) {
        places.gone(keyOf({ metadata: key }))
        return { orphans: remainsOf(deps.stores, key) }
      }
      places.see(gathered.object)
      return perform(deps, gathered, settle(deps, gathered))
    },
    copy: (key) => reconcileCopy(deps, key),
    collect: (session) => collectOrphans(deps, sessions, session),
  }
}

/** Asks for a place, decides, and enters what was decided: nothing is awaited in between, so no two take the last place. */
function settle({ places, now }: ReconcilerDeps, { observed }: Gathered): Plan {
  const { session } = observed
  const queue = observed.queue ?? (needsPlace(observed) ? places.ask(session) : undefined)
  const plan = decide({ ...observed, ...(queue && { queue }) }, now().getTime())
  places.decided(session, plan.status)
  return plan
}
