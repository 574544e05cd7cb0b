import { FINALIZER } from "../api/group.ts"
import type { ClusterFacts } from "../gather/cluster-facts.ts"
import { gatherPreflight } from "../gather/preflight.ts"
import { gatherSnapshots, gatherSources, noSources, readSpec } from "../gather/sources.ts"
import { accept } from "../session/accept.ts"
import type { Choice } from "../session/accept.ts"
import { isTerminal } from "../session/finished.ts"
import type { Observed, ObservedSources } from "../session/observed.ts"
import type { PlannedClone } from "../session/preflight/observed.ts"
import { isQueued } from "../session/queue.ts"
import { recognise } from "../session/restored.ts"
import { instant } from "../session/time.ts"
import { isVerdict } from "../session/verdict.ts"
import type { ReconcilerDeps } from "./deps.ts"
import { gatherConversions } from "./gather-conversions.ts"
import { gatherChildren } from "./gather-children.ts"
import { gatherReports } from "./gather-control.ts"
import { missingPolicies } from "./gather-policies.ts"
import type { LiveSessions, SessionObject } from "./live-sessions.ts"

/** A session as it is in the API server now, and everything a decision about it needs. */
export interface Gathered {
  object: SessionObject
  observed: Observed
}

/**
 * Reads everything about one session into a plain value; undefined when there is no such session. The session itself is
 * always read from the API server, never from a cache: what was written last is the only memory there is.
 */
export async function gather(
  deps: ReconcilerDeps,
  sessions: LiveSessions,
  { namespace, name }: { namespace: string; name: string },
  facts: ClusterFacts,
): Promise<Gathered | undefined> {
  const { settings, places } = deps
  const object = await sessions.get(namespace, name)
  if (!object) return undefined
  const { uid = "", generation = 0, creationTimestamp, deletionTimestamp, finalizers, labels } = object.metadata
  const { status, restored } = recognise({ namespace, name, uid }, object.status ?? {}, labels)
  const session = {
    namespace,
    name,
    uid,
    generation,
    createdAt: instant(creationTimestamp) ?? deps.now().getTime(),
    deleting: deletionTimestamp !== undefined,
    finalizer: finalizers?.includes(FINALIZER) === true,
    ...(restored && { restored }),
  }
  const basis = {
    session,
    ...readSpec(object.spec),
    status,
    limits: { maxTtlMs: settings.maxTtl, pendingTimeoutMs: settings.pendingTimeout },
    inProgress: places.held,
  }
  if (isTerminal(status)) return { object, observed: { ...basis, ...nothing } }
  const ending = session.deleting || status.phase === "Unmounting" || basis.spec?.desiredState === "Unmounted"
  // nothing is ever made for what a backup tool brought back
  const closed = ending || (restored !== undefined && status.startedAt === undefined)
  const starting = !closed && status.startedAt === undefined
  // a thousand that wait for a place, and are told where they stand, must not be a thousand that read everything
  const queue = starting && isQueued(status) ? places.ask(session) : undefined
  if (queue) return { object, observed: { ...basis, ...nothing, queue } }
  const [children, policiesMissing] = await Promise.all([
    gatherChildren(deps, session, status, { prove: ending }),
    starting ? missingPolicies(deps) : [],
  ])
  const converted = convertedClones(status, ending ? [] : children.claims)
  const [reports, sources, conversions] = await Promise.all([
    gatherReports(deps, uid, children.pods),
    closed ? noSources : sourcesOf(deps, { ...basis, claims: children.claims }),
    converted.length > 0 && gatherConversions(deps, session, converted),
  ])
  const found = { ...basis, ...children, ...reports, policiesMissing, sources, ...(conversions && { conversions }) }
  return { object, observed: starting ? await withPreflight(deps, facts, found) : found }
}

/** With what it would meet, when there is something to clone. What can't be read is left out: it must keep nobody waiting. */
async function withPreflight(
  { kube, settings: installation, now, log }: ReconcilerDeps,
  facts: ClusterFacts,
  observed: Observed,
): Promise<Observed> {
  const choice = accept(observed)
  if (isVerdict(choice)) return observed
  const { session, spec, sources } = observed
  if (!spec) return observed
  const clones = plannedClones(choice, sources)
  const options = { kube, facts, session, spec, installation, clones, now: now().getTime(), isOperator: true }
  const preflight = await gatherPreflight(options)
  if (preflight.unread.length > 0) log.debug({ uid: session.uid, unread: preflight.unread }, "preflight is incomplete")
  return { ...observed, preflight }
}

function plannedClones({ recoveryPoints, clones }: Choice, { storageClasses }: ObservedSources): PlannedClone[] {
  return clones.map(({ claim, storageClassName, size, snapshot }, index) => {
    const { disk = "", name = "" } = recoveryPoints[index] ?? {}
    const driver = storageClasses.find((one) => one.name === storageClassName)?.provisioner
    return {
      disk,
      claim,
      snapshot: snapshot ?? name,
      isConverted: snapshot !== undefined,
      storageClassName,
      size,
      ...(driver !== undefined && { driver }),
    }
  })
}

const nothing = {
  policiesMissing: [],
  sources: noSources,
  attachment: undefined,
  claims: [],
  pods: [],
  network: [],
  persistentVolumes: [],
  live: false,
}

/** Clones through temporary snapshots, as long as these are needed. */
function convertedClones({ clones = [] }: Observed["status"], claims: Observed["claims"]) {
  return clones.filter(({ claim, content }) => content && claims.find(({ name }) => name === claim)?.phase !== "Bound")
}

/** Before the start: what could be cloned. Until the clones are bound: whether what was chosen is still there. */
async function sourcesOf(
  { kube }: ReconcilerDeps,
  observed: Pick<Observed, "session" | "spec" | "status" | "claims">,
): Promise<ObservedSources> {
  const { session, spec, status, claims } = observed
  if (!spec) return noSources
  if (status.startedAt === undefined) return gatherSources(kube, session.namespace, spec)
  const unbound = (status.recoveryPoints ?? []).flatMap(({ name }, disk) => {
    const clone = status.clones?.[disk]
    const isBound = claims.find((one) => one.name === clone?.claim)?.phase === "Bound"
    return isBound ? [] : [{ name, converted: clone?.content !== undefined }]
  })
  return gatherSnapshots(kube, session.namespace, unbound)
}
