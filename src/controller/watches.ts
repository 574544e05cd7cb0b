import { SESSION_LABEL, SESSION_UID_LABEL } from "../api/labels.ts"
import type { FileRecoverySession } from "../api/session.ts"
import { isOurName } from "../children/names.ts"
import { type KindRef, kinds } from "../kube/kinds.ts"
import type { KubeObject } from "../kube/objects.ts"
import { type Store, keyOf } from "../kube/store.ts"
import { isQueued } from "../session/queue.ts"

/** The sessions there are, as events of other objects need to find them. */
export interface SessionIndex {
  byUid(uid: string): string | undefined
  readonly store: Store<FileRecoverySession & KubeObject>
}

/** One kind that is watched, and which sessions (as `namespace/name`) should be looked at when an object of it changes. */
export interface Watched {
  readonly kind: KindRef
  /** Only objects with the label of this installation. */
  readonly onlyOurs: boolean
  /** What is kept of an object; absent: everything but the managed fields. */
  readonly keep?: (object: KubeObject) => KubeObject
  readonly sessions: (object: KubeObject, index: SessionIndex) => string[]
}

interface ClaimRefs extends KubeObject {
  spec?: { claimRef?: { namespace?: string; name?: string }; volumeSnapshotRef?: { namespace?: string } }
}

const children: Watched[] = [
  kinds.FileRecoveryAttachment,
  kinds.Pod,
  kinds.PersistentVolumeClaim,
  kinds.Service,
  kinds.NetworkPolicy,
].map((kind) => ({ kind, onlyOurs: true, sessions: (child, index) => ownerOf(child, index) }))

/** Everything the operator watches. Of what others made only the part is kept that says which session it concerns. */
export const watches: readonly Watched[] = [
  { kind: kinds.FileRecoverySession, onlyOurs: false, sessions: (session) => [keyOf(session)] },
  ...children,
  {
    kind: kinds.VolumeSnapshot,
    onlyOurs: false,
    keep: identity,
    sessions: (snapshot, index) => {
      const namespace = snapshot.metadata?.namespace ?? ""
      return isOurs(snapshot) ? ownerOf(snapshot, index) : waiting(index.store.inNamespace(namespace))
    },
  },
  {
    kind: kinds.VolumeSnapshotContent,
    onlyOurs: false,
    keep: (content: ClaimRefs) => ({
      ...identity(content),
      spec: { volumeSnapshotRef: { namespace: content.spec?.volumeSnapshotRef?.namespace } },
    }),
    sessions: (content: ClaimRefs, index) => {
      const namespace = content.spec?.volumeSnapshotRef?.namespace ?? ""
      return isOurs(content) ? ownerOf(content, index, namespace) : waiting(index.store.inNamespace(namespace))
    },
  },
  { kind: kinds.StorageClass, onlyOurs: false, keep: identity, sessions: (_, index) => waiting(index.store.list()) },
  {
    // a session ends when the volumes of its clones are gone
    kind: kinds.PersistentVolume,
    onlyOurs: false,
    keep: (volume: ClaimRefs) => ({
      ...identity(volume),
      spec: { claimRef: { namespace: volume.spec?.claimRef?.namespace, name: volume.spec?.claimRef?.name } },
    }),
    sessions: ({ spec }: ClaimRefs, index) =>
      isOurName(spec?.claimRef?.name) ? releasing(index, spec?.claimRef?.namespace ?? "") : [],
  },
]

/** By UID, because the label with the session's name may be cut; by that label when the session is gone. */
function ownerOf({ metadata }: KubeObject, index: SessionIndex, namespace = metadata?.namespace ?? ""): string[] {
  const known = index.byUid(metadata?.labels?.[SESSION_UID_LABEL] ?? "")
  if (known !== undefined) return [known]
  const name = metadata?.labels?.[SESSION_LABEL]
  return name === undefined ? [] : [`${namespace}/${name}`]
}

/** Sessions that a snapshot, a content or a class may be waited for by; those that wait for a place need no more. */
function waiting(sessions: readonly FileRecoverySession[]): string[] {
  return sessions
    .filter(({ status = {} }) => (status.phase ?? "Pending") === "Pending" && !isQueued(status))
    .map((session) => keyOf(session))
}

function releasing({ store }: SessionIndex, namespace: string): string[] {
  return store
    .inNamespace(namespace)
    .filter(({ status, metadata }) => status?.phase === "Unmounting" || metadata.deletionTimestamp !== undefined)
    .map((session) => keyOf(session))
}

const isOurs = ({ metadata }: KubeObject) => metadata?.labels?.[SESSION_UID_LABEL] !== undefined

function identity({ metadata }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, labels } = metadata ?? {}
  const ours = Object.entries(labels ?? {}).filter(([key]) => key.startsWith("filerecovery.dev/"))
  const kept = ours.length > 0 && { labels: Object.fromEntries(ours) }
  return { metadata: { name, namespace, uid, resourceVersion, ...kept } }
}
