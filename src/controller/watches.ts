import { INSTANCE_LABEL, SESSION_LABEL, SESSION_UID_LABEL } from "../api/labels.ts"
import type { FileRecoveryCopy } from "../api/copy.ts"
import type { FileRecoverySession } from "../api/session.ts"
import { isNameOf, isOurName, type SessionRef } from "../children/names.ts"
import { type KindRef, kinds } from "../kube/kinds.ts"
import type { KubeObject } from "../kube/objects.ts"
import { type Store, keyOf } from "../kube/store.ts"
import { isQueued } from "../session/queue.ts"
import { copiesOf, copyKey, copyOf } from "./copies/copy-keys.ts"

/** The sessions there are, as events of other objects need to find them. */
export interface SessionIndex {
  byUid(uid: string): string | undefined
  readonly copies: Store<FileRecoveryCopy & KubeObject>
  readonly store: Store<FileRecoverySession & KubeObject>
}

/** One kind that is watched, and the keys of which sessions and copies should be looked at when an object of it changes. */
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
].map((kind) => ({
  kind,
  onlyOurs: true,
  sessions: (child, index) => [...ownerOf(child, index), ...copyOf(child, index.copies)],
}))

/** Everything the operator watches. Of what others made only the part is kept that says which session it concerns. */
export const watches: readonly Watched[] = [
  {
    kind: kinds.FileRecoverySession,
    onlyOurs: false,
    sessions: (session, index) => [keyOf(session), ...copiesOf(session, index.copies)],
  },
  { kind: kinds.FileRecoveryCopy, onlyOurs: false, sessions: ({ metadata }) => [copyKey(metadata ?? {})] },
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
    sessions: ({ spec: { claimRef } = {} }: ClaimRefs, index) =>
      isOurName(claimRef?.name) ? releasing(index, claimRef?.namespace ?? "", claimRef?.name ?? "") : [],
  },
]

/** The key of what is left of a session: unlike that of the session itself it says which one of that name. */
export const orphanKey = ({ namespace, name, uid }: SessionRef): string => `${namespace}/${name}/${uid}`

/** What a key means: a session, or with `uid` what is left of one. */
export function readKey(key: string): { namespace: string; name: string; uid?: string } {
  const [namespace = "", name = "", uid] = key.split("/")
  return { namespace, name, ...(uid !== undefined && { uid }) }
}

/** Keys of what is left of sessions that no watch knows: of this installation, among everything that is mirrored. */
export function suspects(
  instance: string,
  index: SessionIndex,
  mirrored: (kind: KindRef) => readonly KubeObject[],
): string[] {
  const keys = watches.flatMap(({ kind, sessions }) =>
    mirrored(kind)
      .filter(({ metadata }) => metadata?.labels?.[INSTANCE_LABEL] === instance)
      .flatMap((object) => sessions(object, index)),
  )
  return [...new Set(keys.filter((key) => readKey(key).uid !== undefined))]
}

/** The session by its UID, because the label with its name may be cut; what is left of it when no watch knows it. */
function ownerOf({ metadata }: KubeObject, index: SessionIndex, namespace = metadata?.namespace ?? ""): string[] {
  const { [SESSION_UID_LABEL]: uid, [SESSION_LABEL]: name } = metadata?.labels ?? {}
  if (uid === undefined || name === undefined) return []
  return [index.byUid(uid) ?? orphanKey({ namespace, name, uid })]
}

/** Sessions that a snapshot, a content or a class may be waited for by; those that wait for a place need no more. */
function waiting(sessions: readonly FileRecoverySession[]): string[] {
  return sessions
    .filter(({ status = {} }) => (status.phase ?? "Pending") === "Pending" && !isQueued(status))
    .map((session) => keyOf(session))
}

/** Only the one that the claim is of: where hundreds end at once, each volume would call for all of them. */
function releasing({ store }: SessionIndex, namespace: string, claim: string): string[] {
  return store
    .inNamespace(namespace)
    .filter(({ status, metadata }) => status?.phase === "Unmounting" || metadata.deletionTimestamp !== undefined)
    .filter(({ metadata: { name, uid = "" } }) => isNameOf({ namespace, name, uid }, claim))
    .map((session) => keyOf(session))
}

const isOurs = ({ metadata }: KubeObject) => metadata?.labels?.[SESSION_UID_LABEL] !== undefined

function identity({ metadata }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, labels } = metadata ?? {}
  const ours = Object.entries(labels ?? {}).filter(([key]) => key.startsWith("filerecovery.dev/"))
  const kept = ours.length > 0 && { labels: Object.fromEntries(ours) }
  return { metadata: { name, namespace, uid, resourceVersion, ...kept } }
}
