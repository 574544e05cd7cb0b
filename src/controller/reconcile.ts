import type { SessionRef } from "../children/names.ts"
import { clusterFacts } from "../gather/cluster-facts.ts"
import { decide } from "../session/decide.ts"
import type { ReconcilerDeps } from "./deps.ts"
import { gather } from "./gather.ts"
import { LiveSessions } from "./live-sessions.ts"
import { perform } from "./perform.ts"
import { collectOrphans, remainsOf } from "./reconcile-orphans.ts"

export interface Reconciler {
  /**
   * Brings one session a step further. What it throws is to be tried again, later each time. `orphans`: the session is
   * gone, and something of these is left that should be looked at.
   */
  reconcile(key: { namespace: string; name: string }): Promise<{ requeueAfterMs?: number; orphans?: SessionRef[] }>
  /** Removes a step further what is left of a session, if that is gone. */
  collect(session: SessionRef): Promise<{ requeueAfterMs?: number }>
}

/** One reconcile: gather everything into a value, decide on it, carry the plan out. Nothing of a session is kept in between. */
export function makeReconciler(deps: ReconcilerDeps): Reconciler {
  const sessions = new LiveSessions(deps)
  const facts = clusterFacts(deps.kube, () => deps.now().getTime())
  return {
    async reconcile(key) {
      const gathered = await gather(deps, sessions, key, facts)
      if (!gathered) return { orphans: remainsOf(deps.stores, key) }
      return perform(deps, gathered, decide(gathered.observed, deps.now().getTime()))
    },
    collect: (session) => collectOrphans(deps, sessions, session),
  }
}
