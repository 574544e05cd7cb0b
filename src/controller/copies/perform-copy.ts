import { isDeepStrictEqual } from "node:util"
import { API_VERSION, COPY_KIND } from "../../api/group.ts"
import { ownSessionManifest } from "../../children/copy.ts"
import { copyPodManifest, copyPolicyManifests } from "../../children/copy-pod.ts"
import { KubeError } from "../../kube/errors.ts"
import { kinds } from "../../kube/kinds.ts"
import type { KubeObject } from "../../kube/objects.ts"
import type { CopyPlan } from "../../session/copy/plan.ts"
import { refusalOf } from "../../session/copy/refusal.ts"
import { goingOn } from "../../session/copy/status.ts"
import { hardEnd, timestamp } from "../../session/time.ts"
import type { ReconcilerDeps } from "../deps.ts"
import type { GatheredCopy } from "./gather-copy.ts"

type Deps = Pick<ReconcilerDeps, "kube" | "settings" | "events" | "now" | "log">

/** What the API server refused is asked for again after this, not at once. */
const REFUSED_MS = 5000

/**
 * Carries a plan out: the status names a pod before it is made, NetworkPolicies are there before it is. To die after any
 * single step is safe.
 */
export async function performCopy(
  deps: Deps,
  gathered: GatheredCopy,
  plan: CopyPlan,
): Promise<{ requeueAfterMs?: number }> {
  const { kube, settings } = deps
  const { copy, spec } = gathered.observed
  const write = statusWriter(deps, gathered)
  await write(plan.status)
  try {
    if (plan.createSession && spec)
      await kube.create(kinds.FileRecoverySession, ownSessionManifest(copy, spec, settings.instance))
    if (plan.createPod !== undefined) await makePod(deps, gathered, plan.createPod, plan.status.lostPods)
  } catch (error) {
    if (!(error instanceof KubeError) || error.retryable) throw error
    const phase = plan.status.phase === "Copying" ? "Copying" : "Pending"
    const why = refusalOf(error, spec)
    await write(goingOn({ ...gathered.observed, status: plan.status }, phase, why, deps.now().getTime()))
    return { requeueAfterMs: REFUSED_MS }
  }
  const background = { propagation: "Background" as const }
  for (const { kind, name, uid } of plan.remove)
    await kube.remove(kinds[kind], name, copy.namespace, { uid, ...background })
  if (plan.closeSession) await closeSession(deps, gathered, plan.closeSession)
  if (plan.deleteCopy) {
    const { resourceVersion } = gathered.object.metadata
    const seen = resourceVersion !== undefined && { resourceVersion }
    await kube.remove(kinds.FileRecoveryCopy, copy.name, copy.namespace, { uid: copy.uid, ...seen, ...background })
  }
  return plan.requeueAfterMs === undefined ? {} : { requeueAfterMs: plan.requeueAfterMs }
}

async function makePod(
  { kube, settings, now }: Deps,
  { observed }: GatheredCopy,
  name: string,
  lostPods = 0,
): Promise<void> {
  const { copy, spec, session } = observed
  if (!spec || !session?.files) return
  const { files } = session
  const end = hardEnd(files.startedAt)
  const blueprint = {
    session: { namespace: copy.namespace, name: session.name, uid: session.uid },
    owner: files.attachment,
    installation: settings,
    disks: [],
    deadline: timestamp(end),
    activeDeadlineSeconds: Math.max(1, Math.ceil((end - now().getTime()) / 1000)),
  }
  for (const policy of copyPolicyManifests(blueprint, copy)) await kube.apply(kinds.NetworkPolicy, policy)
  await kube.create(kinds.Pod, copyPodManifest(blueprint, copy, spec, { name, host: files.host, lostPods }))
}

/** A session of its own is deleted, and releases what it has; another one is asked to unmount and stays. */
async function closeSession(
  { kube, log }: Deps,
  { observed, session }: GatheredCopy,
  { how, name, uid }: NonNullable<CopyPlan["closeSession"]>,
): Promise<void> {
  const { namespace } = observed.copy
  log.info(
    { copy: `${namespace}/${observed.copy.name}`, session: `${namespace}/${name}`, uid, how },
    "the copy's session ends",
  )
  if (how === "delete") {
    await kube.remove(kinds.FileRecoverySession, name, namespace, { uid, propagation: "Background" })
    return
  }
  const resourceVersion = session?.metadata.resourceVersion
  const seen = resourceVersion === undefined ? {} : { resourceVersion }
  await kube.mergePatch(kinds.FileRecoverySession, name, namespace, { spec: { desiredState: "Unmounted" } }, seen)
}

/** Writes a status if it differs from the last one written, and records each new phase. */
function statusWriter({ kube, events, log }: Deps, { object, observed }: GatheredCopy) {
  const { namespace, name } = observed.copy
  let { status: last } = observed
  let { resourceVersion } = object.metadata
  return async (status: CopyPlan["status"]): Promise<void> => {
    const next = JSON.parse(JSON.stringify(status)) as CopyPlan["status"]
    if (isDeepStrictEqual(next, last)) return
    const written: KubeObject = {
      apiVersion: API_VERSION,
      kind: COPY_KIND,
      metadata: { namespace, name, resourceVersion },
    }
    const applied = await kube.applyStatus(kinds.FileRecoveryCopy, { ...written, status: next })
    resourceVersion = applied.metadata?.resourceVersion
    const told = next.conditions?.find(({ type }) => type === "Complete")
    if (next.phase !== undefined && next.phase !== last.phase) {
      const type = next.phase === "Failed" ? ("Warning" as const) : ("Normal" as const)
      const reason = type === "Warning" ? (told?.reason ?? next.phase) : next.phase
      events.record(object, { type, reason, message: told?.message ?? "" })
      log.info(
        { copy: `${namespace}/${name}`, uid: observed.copy.uid, from: last.phase, to: next.phase },
        "phase of a copy",
      )
    }
    last = next
  }
}
