import { type CopySpec, copySpec, type FileRecoveryCopy } from "../../api/copy.ts"
import { COPY_UID_LABEL, RESTORE_LABEL } from "../../api/labels.ts"
import { type CopyRef, ownSessionName } from "../../children/copy.ts"
import { namesOf } from "../../children/names.ts"
import { kinds } from "../../kube/kinds.ts"
import type { KubeObject, NetworkPolicy, PersistentVolumeClaim, Pod, Service } from "../../kube/objects.ts"
import type { ObservedCopy, ObservedSession } from "../../session/copy/observed.ts"
import { isOver } from "../../session/copy/status.ts"
import { instant } from "../../session/time.ts"
import type { ReconcilerDeps } from "../deps.ts"
import { observedObject } from "../gather-objects.ts"
import { missingPolicies } from "../gather-policies.ts"
import type { SessionObject } from "../live-sessions.ts"
import { observedCopyPod } from "./observed-pod.ts"

export type CopyObject = FileRecoveryCopy & KubeObject
type Deps = Pick<ReconcilerDeps, "kube" | "settings" | "now">

/** A copy as it is in the API server now, and everything a decision about it needs. */
export interface GatheredCopy {
  object: CopyObject
  observed: ObservedCopy
  session?: SessionObject
}

/** Reads everything about one copy from the API server itself; undefined when there is no such copy. */
export async function gatherCopy(
  deps: Deps,
  { namespace, name }: { namespace: string; name: string },
): Promise<GatheredCopy | undefined> {
  const { kube, settings, now } = deps
  const object = await kube.get<CopyObject>(kinds.FileRecoveryCopy, name, namespace)
  if (!object) return undefined
  const { uid = "", generation = 0, creationTimestamp, deletionTimestamp, labels } = object.metadata
  const restored = labels?.[RESTORE_LABEL]
  const copy = { namespace, name, uid }
  const parsed = copySpec.safeParse(object.spec)
  const basis: ObservedCopy = {
    copy: {
      ...copy,
      generation,
      createdAt: instant(creationTimestamp) ?? now().getTime(),
      deleting: deletionTimestamp !== undefined,
      ...(restored !== undefined && { restored }),
    },
    spec: parsed.data,
    ...(parsed.error && { specProblem: parsed.error.issues.map(({ message }) => message).join("; ") }),
    status: object.status ?? {},
    limits: { pendingTimeoutMs: settings.pendingTimeout },
    policiesMissing: [],
    pods: [],
    policies: [],
  }
  if (isOver(basis.status)) return { object, observed: basis }
  const spec = parsed.data
  const claim = spec?.destination.persistentVolumeClaim.name
  const [policiesMissing, children, session, destination] = await Promise.all([
    // looked at until there is a pod, as with sessions until they start
    basis.status.podName === undefined && basis.status.phase !== "Closing" ? missingPolicies(deps) : [],
    copyChildren(deps, copy),
    kube.get<SessionObject>(kinds.FileRecoverySession, spec?.session?.name ?? ownSessionName(copy), namespace),
    claim === undefined ? undefined : kube.get<PersistentVolumeClaim>(kinds.PersistentVolumeClaim, claim, namespace),
  ])
  const observed = {
    ...basis,
    policiesMissing,
    pods: children.pods.map((pod) => observedCopyPod(pod)),
    policies: children.policies.map((policy) => observedObject("NetworkPolicy", policy)),
    ...(session && { session: await observedSession(deps, copy, spec, session) }),
    ...(destination && {
      destination: {
        volumeMode: destination.spec?.volumeMode ?? "Filesystem",
        deleting: destination.metadata?.deletionTimestamp !== undefined,
      },
    }),
  }
  return { object, observed, ...(session && { session }) }
}

/** Pods and NetworkPolicies of a copy, also of one that is gone. */
export async function copyChildren(
  { kube }: Pick<Deps, "kube">,
  { namespace, uid }: CopyRef,
): Promise<{ pods: Pod[]; policies: NetworkPolicy[] }> {
  const ours = { namespace, labelSelector: `${COPY_UID_LABEL}=${uid}` }
  const [pods, policies] = await Promise.all([
    kube.list<Pod>(kinds.Pod, ours),
    kube.list<NetworkPolicy>(kinds.NetworkPolicy, ours),
  ])
  return { pods, policies }
}

async function observedSession(
  { kube }: Deps,
  copy: CopyRef,
  spec: CopySpec | undefined,
  { metadata, status = {} }: SessionObject,
): Promise<ObservedSession> {
  const { name, uid = "", deletionTimestamp, ownerReferences = [] } = metadata
  const { phase = "Pending", conditions = [], release, attachment, startedAt } = status
  const names = namesOf({ namespace: copy.namespace, name, uid })
  // its Service is asked for when it is needed: once in a copy's life, and at each look while it copies
  const service =
    phase === "Ready" ? await kube.get<Service>(kinds.Service, names.service("restore"), copy.namespace) : undefined
  const started = instant(startedAt)
  const host = service?.spec?.clusterIP
  const told = conditions.find(({ type }) => type === "Stalled") ?? conditions.find(({ status }) => status === "False")
  return {
    name,
    uid,
    phase,
    deleting: deletionTimestamp !== undefined,
    isOwn: spec?.session === undefined && ownerReferences.some((owner) => owner.uid === copy.uid),
    words: told?.message ?? release?.message ?? `it is ${phase}.`,
    ...(host && attachment && started !== undefined && { files: { host, attachment, startedAt: started } }),
  }
}
