import type { FileRecoveryAttachment } from "../api/attachment.ts"
import type { FileRecoverySession } from "../api/session.ts"
import { SESSION_UID_LABEL } from "../api/labels.ts"
import { namesOf } from "../children/names.ts"
import type { SessionRef } from "../children/names.ts"
import { kinds } from "../kube/kinds.ts"
import type {
  KubeObject,
  NetworkPolicy,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Service,
} from "../kube/objects.ts"
import type { Store } from "../kube/store.ts"
import type { Observed } from "../session/observed.ts"
import { instant } from "../session/time.ts"
import type { ReconcilerDeps } from "./deps.ts"
import { observedClaim, observedObject, observedPod, observedPolicy, WARNINGS } from "./gather-objects.ts"

type Children = Pick<Observed, "attachment" | "claims" | "pods" | "network" | "persistentVolumes" | "live">

/**
 * What was made for a session, from the reflected stores. They may be late, so what the status names and they don't
 * have is asked for. With `prove`, when they have nothing, the API server itself is asked whether nothing is left.
 */
export async function gatherChildren(
  deps: ReconcilerDeps,
  session: SessionRef,
  status: FileRecoverySession["status"] = {},
  { prove }: { prove: boolean },
): Promise<Children> {
  const { kube, stores } = deps
  const { namespace, uid } = session
  const { base } = namesOf(session)
  const attachment =
    stores.attachments.get(namespace, base) ??
    (await kube.get<FileRecoveryAttachment & KubeObject>(kinds.FileRecoveryAttachment, base, namespace))
  const pods = await complete(within(stores.pods, session), podNames(status), (name) =>
    kube.get<Pod>(kinds.Pod, name, namespace),
  )
  const claims = await complete(within(stores.claims, session), claimNames(status), (name) =>
    kube.get<PersistentVolumeClaim>(kinds.PersistentVolumeClaim, name, namespace),
  )
  const network = [
    ...within(stores.services, session).map((one) => observedObject("Service", one)),
    ...within(stores.networkPolicies, session).map((one) => observedPolicy(one)),
  ]
  const seemsGone = pods.length + claims.length === 0 && !attachment && network.length === 0
  // what converted their volume mode goes after the clones, while the attachment still stands
  const clonesSeemGone = pods.length + claims.length === 0 && status.clones?.some(({ content }) => content) === true
  if (prove && (seemsGone || clonesSeemGone)) return readLive(deps, session, status)
  return {
    attachment: observedAttachment(attachment, uid),
    claims: await Promise.all(claims.map(async (claim) => observedClaim(claim, await claimWarning(deps, claim)))),
    pods: (await Promise.all(pods.map(async (pod) => observedPod(pod, await podWarning(deps, pod))))).flatMap(
      (pod) => pod ?? [],
    ),
    network,
    persistentVolumes: [],
    // Without an attachment nothing of a session was ever made: all of it carries the attachment's UID.
    live:
      !attachment &&
      status.startedAt === undefined &&
      status.attachment === undefined &&
      pods.length + claims.length + network.length === 0,
  }
}

/** A label can be copied to another namespace; what has it there is none of the session's. */
function within<T extends KubeObject>(store: Store<T>, { namespace, uid }: SessionRef): T[] {
  return store.bySession(uid).filter(({ metadata }) => metadata?.namespace === namespace)
}

function observedAttachment(
  found: (FileRecoveryAttachment & KubeObject) | undefined,
  uid: string,
): Children["attachment"] {
  if (!found || found.spec.sessionUid !== uid) return undefined
  const { name, uid: own = "", deletionTimestamp, creationTimestamp } = found.metadata
  return {
    name,
    uid: own,
    deleting: deletionTimestamp !== undefined,
    createdAt: instant(creationTimestamp) ?? Number.MAX_SAFE_INTEGER,
  }
}

const podNames = ({ targets, access }: NonNullable<FileRecoverySession["status"]>) =>
  [targets?.[0]?.podName, access?.podName].flatMap((name) => name ?? [])

const claimNames = ({ clones }: NonNullable<FileRecoverySession["status"]>) => (clones ?? []).map(({ claim }) => claim)

/** The objects of a store and those it should have as well. */
async function complete<T extends KubeObject>(
  known: T[],
  names: string[],
  read: (name: string) => Promise<T | undefined>,
): Promise<T[]> {
  const absent = names.filter((name) => !known.some(({ metadata }) => metadata?.name === name))
  const found = await Promise.all(absent.map((name) => read(name)))
  return [...known, ...found.flatMap((object) => object ?? [])]
}

/** Everything, read from the API server just now. */
async function readLive(
  { kube }: ReconcilerDeps,
  session: SessionRef,
  status: NonNullable<FileRecoverySession["status"]>,
): Promise<Children> {
  const { namespace, uid } = session
  const ours = { namespace, labelSelector: `${SESSION_UID_LABEL}=${uid}` }
  const [attachment, pods, claims, services, policies, volumes] = await Promise.all([
    kube.get<FileRecoveryAttachment & KubeObject>(kinds.FileRecoveryAttachment, namesOf(session).base, namespace),
    kube.list<Pod>(kinds.Pod, ours),
    kube.list<PersistentVolumeClaim>(kinds.PersistentVolumeClaim, ours),
    kube.list<Service>(kinds.Service, ours),
    kube.list<NetworkPolicy>(kinds.NetworkPolicy, ours),
    readVolumes(kube, namespace, status.clones ?? []),
  ])
  return {
    attachment: observedAttachment(attachment, uid),
    claims: claims.map((claim) => observedClaim(claim)),
    pods: pods.flatMap((pod) => observedPod(pod) ?? []),
    network: [...services.map((one) => observedObject("Service", one)), ...policies.map((one) => observedPolicy(one))],
    persistentVolumes: volumes,
    live: true,
  }
}

/** Volumes of the clones that still exist; those nobody saw bound are looked for by the claim they name. */
async function readVolumes(
  kube: ReconcilerDeps["kube"],
  namespace: string,
  clones: NonNullable<NonNullable<FileRecoverySession["status"]>["clones"]>,
): Promise<string[]> {
  const known = clones.flatMap(({ persistentVolume }) => persistentVolume ?? [])
  const unseen = new Set(clones.flatMap(({ claim, persistentVolume }) => (persistentVolume === undefined ? claim : [])))
  const [found, all] = await Promise.all([
    Promise.all(known.map((name) => kube.get<PersistentVolume>(kinds.PersistentVolume, name))),
    unseen.size === 0 ? [] : kube.list<PersistentVolume>(kinds.PersistentVolume),
  ])
  const others = all.filter(
    ({ spec }) => spec?.claimRef?.namespace === namespace && unseen.has(spec.claimRef.name ?? ""),
  )
  return [...found, ...others].flatMap((volume) => volume?.metadata?.name ?? [])
}

/** What takes longer than this may have a reason worth telling. */
const PATIENCE_MS = 5000

async function claimWarning(
  deps: ReconcilerDeps,
  { metadata, status }: PersistentVolumeClaim,
): Promise<string | undefined> {
  return status?.phase === "Bound" ? undefined : newestWarning(deps, metadata)
}

async function podWarning(deps: ReconcilerDeps, { metadata, status }: Pod): Promise<string | undefined> {
  return status?.phase === "Pending" ? newestWarning(deps, metadata) : undefined
}

interface Warning extends KubeObject {
  message?: string
  lastTimestamp?: string | null
  eventTime?: string | null
}

async function newestWarning(
  { kube, now, log }: ReconcilerDeps,
  metadata: { uid?: string; namespace?: string; creationTimestamp?: string; deletionTimestamp?: string } | undefined,
): Promise<string | undefined> {
  const { uid, namespace = "", creationTimestamp, deletionTimestamp } = metadata ?? {}
  const age = now().getTime() - (instant(creationTimestamp) ?? now().getTime())
  if (uid === undefined || age < PATIENCE_MS || deletionTimestamp !== undefined) return undefined
  try {
    const warnings = await kube.list<Warning>(WARNINGS, {
      namespace,
      fieldSelector: `involvedObject.uid=${uid},type=Warning`,
    })
    const time = ({ lastTimestamp, eventTime }: Warning) => instant(lastTimestamp ?? eventTime ?? undefined) ?? 0
    return warnings.sort((a, b) => time(b) - time(a))[0]?.message
  } catch (error) {
    // Events only explain; a session must not stand still because they can't be read.
    log.debug({ err: error, uid }, "events can't be read")
    return undefined
  }
}
