import { keyOf } from "../kube/store.ts"
import { decide } from "../session/decide.ts"
import type { Plan } from "../session/plan.ts"
import { needsPlace } from "../session/queue.ts"
import type { ReconcilerDeps } from "./deps.ts"
import { gather } from "./gather.ts"
import type { Gathered } from "./gather.ts"
import { perform } from "./perform.ts"
import { collectContents } from "./reconcile-contents.ts"
import { collectOrphans } from "./reconcile-orphans.ts"

/** An orphan that must wait for another one to go is looked at again after this. */
const ORPHANS_MS = 5000

export interface Reconciler {
  /** Brings one session a step further. What it throws is to be tried again, later each time. */
  reconcile(key: { namespace: string; name: string }): Promise<{ requeueAfterMs?: number }>
}

/** One reconcile: gather everything into a value, decide on it, carry the plan out. Only who is in progress is kept in between. */
export function makeReconciler(deps: ReconcilerDeps): Reconciler {
  const { kube, places } = deps
  return {
    async reconcile(key) {
      await places.fill(kube)
      const gathered = await gather(deps, key).catch((error: unknown) => {
        places.stepAside(keyOf({ metadata: key }))
        throw error
      })
      if (gathered) places.see(gathered.object)
      else places.gone(keyOf({ metadata: key }))
      const uid = gathered?.observed.session.uid
      await collectOrphans(deps, key, uid)
      const waiting = await collectContents(deps, key, uid)
      const { requeueAfterMs = Number.POSITIVE_INFINITY } = gathered
        ? await perform(deps, gathered, settle(deps, gathered))
        : {}
      const next = Math.min(requeueAfterMs, waiting > 0 ? ORPHANS_MS : Number.POSITIVE_INFINITY)
      return Number.isFinite(next) ? { requeueAfterMs: next } : {}
    },
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
