import { isDeepStrictEqual } from "node:util"
import type { Reason } from "../api/reasons.ts"
import { API_VERSION, FINALIZER, SESSION_KIND } from "../api/group.ts"
import { kinds } from "../kube/kinds.ts"
import type { KubeObject } from "../kube/objects.ts"
import type { ControlCall, Plan, Removal } from "../session/plan.ts"
import { happenings } from "../session/happenings.ts"
import { withRefusals } from "../session/refusals.ts"
import { instant } from "../session/time.ts"
import type { ReconcilerDeps } from "./deps.ts"
import { controlOf } from "./gather-control.ts"
import type { Gathered } from "./gather.ts"
import type { SessionObject } from "./live-sessions.ts"
import { blueprintOf, ensureAttachment, ensureChildren } from "./perform-children.ts"

/** What the API server refused is asked for again after this, not at once. */
const REFUSED_MS = 5000

/**
 * Carries a plan out, in an order that makes it safe to die after any single step: the finalizer before anything is
 * made, the attachment's UID in the status before anything it owns, what is to be waited for before it is removed, and
 * the finalizer goes last.
 */
export async function perform(
  deps: ReconcilerDeps,
  gathered: Gathered,
  plan: Plan,
): Promise<{ requeueAfterMs?: number }> {
  const { observed } = gathered
  const version = plan.finalizer === "add" ? await setFinalizer(deps, gathered.object, true) : undefined
  const write = statusWriter(deps, gathered, version)
  let { status, requeueAfterMs } = plan
  if (plan.provision) {
    const known = plan.provision.attachment.uid
    const attachment =
      known === undefined
        ? await ensureAttachment(deps, observed)
        : { name: plan.provision.attachment.name, uid: known }
    status = { ...status, attachment }
    if (observed.status.attachment === undefined) {
      // What can't be found by its owner must be in the status before it is made. The pods aren't there yet: were we to
      // end here, the next look must not take them for lost.
      const { targets: _, access: __, ...early } = status
      await write(early)
    }
    const startedAt = instant(status.startedAt) ?? deps.now().getTime()
    const refusals = await ensureChildren(
      deps,
      plan.provision,
      blueprintOf(deps, observed, status, attachment.uid),
      startedAt,
    )
    status = withRefusals(status, refusals, observed, deps.now().getTime())
    if (refusals.length > 0) requeueAfterMs = REFUSED_MS
  }
  await write(status)
  await Promise.all(plan.control.map((call) => tell(deps, gathered, call)))
  await Promise.all(plan.remove.map((removal) => remove(deps, gathered, removal)))
  if (plan.finalizer === "remove") await letGo(deps, gathered)
  if (plan.deleteSession) await deleteSession(deps, gathered)
  return requeueAfterMs === undefined ? {} : { requeueAfterMs }
}

/**
 * Writes a status if it differs from the last one written, and tells what has changed. The API server refuses it when
 * the session is no longer the one that was decided about.
 */
function statusWriter(
  deps: ReconcilerDeps,
  { object, observed }: Gathered,
  version = object.metadata.resourceVersion,
): (status: Plan["status"]) => Promise<void> {
  let last = observed.status
  let resourceVersion = version
  const { namespace, name, uid } = observed.session
  return async (status) => {
    const next = JSON.parse(JSON.stringify(status)) as Plan["status"]
    if (isDeepStrictEqual(next, last)) return
    const metadata = { namespace, name, resourceVersion }
    const written: KubeObject = { apiVersion: API_VERSION, kind: SESSION_KIND, metadata }
    const applied = await deps.kube.applyStatus(kinds.FileRecoverySession, { ...written, status: next })
    resourceVersion = applied.metadata?.resourceVersion
    for (const happening of happenings(last, next)) deps.events.record(object, happening)
    if (next.phase !== undefined && next.phase !== last.phase) {
      const fields = { session: `${namespace}/${name}`, uid, from: last.phase, to: next.phase }
      deps.log.info({ ...fields, reason: next.release?.reason }, "phase")
    }
    last = next
  }
}

/** With the version of the object at hand: somebody else's finalizer must not get lost. */
async function setFinalizer(
  { kube }: ReconcilerDeps,
  { metadata }: SessionObject,
  wanted: boolean,
): Promise<string | undefined> {
  const { name, namespace, finalizers = [], resourceVersion } = metadata
  const others = finalizers.filter((one) => one !== FINALIZER)
  const patch = { metadata: { finalizers: wanted ? [...others, FINALIZER] : others } }
  const options = resourceVersion === undefined ? {} : { resourceVersion }
  const patched = await kube.mergePatch(kinds.FileRecoverySession, name, namespace, patch, options)
  return patched.metadata?.resourceVersion
}

async function letGo(deps: ReconcilerDeps, { observed }: Gathered): Promise<void> {
  const { namespace, name, uid } = observed.session
  const current = await deps.kube.get<SessionObject>(kinds.FileRecoverySession, name, namespace)
  if (current?.metadata.uid === uid) await setFinalizer(deps, current, false)
}

/** Only the very object that was decided about: whoever changed it meanwhile may want to keep it. */
async function deleteSession({ kube, log }: ReconcilerDeps, { object, observed }: Gathered): Promise<void> {
  const { namespace, name, uid } = observed.session
  const { resourceVersion } = object.metadata
  log.info({ session: `${namespace}/${name}`, uid, phase: observed.status.phase }, "ttlAfterFinished has passed")
  await kube.remove(kinds.FileRecoverySession, name, namespace, {
    uid,
    ...(resourceVersion !== undefined && { resourceVersion }),
    propagation: "Background",
  })
}

/** A pod that can't be told is asked again next time; its own deadline ends it in any case. */
async function tell(deps: ReconcilerDeps, { observed }: Gathered, call: ControlCall): Promise<void> {
  const ip = observed.pods.find(({ name }) => name === call.podName)?.ip
  if (ip === undefined) return
  const control = controlOf(deps, observed.session.uid, call.role, ip)
  try {
    if (call.do === "release") await control.release(call.reason as Reason, { hash: call.hash === true })
    else if (call.do === "serve") await control.serve()
    else if (call.do === "publicKeys") await control.setPublicKeys(call.publicKeys)
    else await control.setDeadline(call.deadline)
  } catch (error) {
    deps.log.warn({ err: error, uid: observed.session.uid, pod: call.podName, call: call.do }, "a pod can't be told")
  }
}

/** Only the object that was seen is removed. The attachment goes when all it owns is gone: that is the proof. */
async function remove(
  { kube, log }: ReconcilerDeps,
  { observed }: Gathered,
  { kind, name, uid, resourceVersion, graceSeconds }: Removal,
): Promise<void> {
  const { namespace } = observed.session
  const propagation = kind === "FileRecoveryAttachment" ? "Foreground" : "Background"
  log.info({ session: `${namespace}/${observed.session.name}`, uid: observed.session.uid, kind, name }, "remove")
  await kube.remove(kinds[kind], name, kinds[kind].namespaced ? namespace : undefined, {
    uid,
    propagation,
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(graceSeconds !== undefined && { gracePeriodSeconds: graceSeconds }),
  })
}
