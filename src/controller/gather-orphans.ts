import { INSTANCE_LABEL, SESSION_UID_LABEL } from "../api/labels.ts"
import { isNameOf, namesOf } from "../children/names.ts"
import type { SessionRef } from "../children/names.ts"
import { KubeError } from "../kube/errors.ts"
import { kinds } from "../kube/kinds.ts"
import type { KubeObject, PersistentVolume } from "../kube/objects.ts"
import type { Orphan, Remains } from "../session/orphans.ts"
import type { ReconcilerDeps } from "./deps.ts"
import type { LiveSessions } from "./live-sessions.ts"

/** Kinds the operator makes objects of and may remove them. Secrets are not among them: it can't even list these. */
export const orphanKinds = [
  "FileRecoveryAttachment",
  "Pod",
  "PersistentVolumeClaim",
  "Service",
  "NetworkPolicy",
  "VolumeSnapshot",
  "VolumeSnapshotContent",
] as const

interface Listed extends KubeObject {
  metadata?: KubeObject["metadata"] & { deletionTimestamp?: string }
  spec?: { deletionPolicy?: string; volumeSnapshotRef?: { namespace?: string; name?: string } }
}

/**
 * What is left of a session, if the API server itself says that the session is gone: everything with its UID and this
 * installation's label whose name follows from the session. No cache has a part in it. Undefined: the session is there.
 * `session.name` may be cut to what a label holds: names of children are cut shorter.
 */
export async function gatherOrphans(
  { kube, settings }: Pick<ReconcilerDeps, "kube" | "settings">,
  sessions: LiveSessions,
  session: SessionRef,
): Promise<Remains | undefined> {
  const { namespace, uid } = session
  if ((await sessions.uidsIn(namespace)).has(uid)) return undefined
  const labelSelector = `${SESSION_UID_LABEL}=${uid},${INSTANCE_LABEL}=${settings.instance}`
  const found = await Promise.all(
    orphanKinds.map(async (kind) => {
      const scope = kinds[kind].namespaced ? { namespace } : {}
      const objects = await kube.list<Listed>(kinds[kind], { labelSelector, ...scope }).catch((error: unknown) => {
        // whose definition is deleted has no objects any more; of all others that would be something to wait for
        if (kind === "FileRecoveryAttachment" && error instanceof KubeError && error.status === 404) return []
        throw error
      })
      return objects.filter((object) => isMadeFor(session, kind, object)).map((object) => orphan(kind, object))
    }),
  )
  const orphans = found.flat()
  const isConverted = orphans.some(({ kind }) => kind === "VolumeSnapshot" || kind === "VolumeSnapshotContent")
  return { orphans, volumes: isConverted ? await volumesOf(kube, session) : [] }
}

function isMadeFor(session: SessionRef, kind: Orphan["kind"], { metadata, spec }: Listed): boolean {
  const { name = "" } = metadata ?? {}
  if (!isNameOf(session, name)) return false
  const { volumeSnapshotRef: snapshot } = spec ?? {}
  return kind !== "VolumeSnapshotContent" || (snapshot?.namespace === session.namespace && snapshot.name === name)
}

function orphan(kind: Orphan["kind"], { metadata, spec }: Listed): Orphan {
  const { name = "", uid = "", resourceVersion = "", deletionTimestamp } = metadata ?? {}
  return {
    kind,
    name,
    uid,
    resourceVersion,
    deleting: deletionTimestamp !== undefined,
    ...(kind === "VolumeSnapshotContent" && { retained: spec?.deletionPolicy === "Retain" }),
  }
}

/** Volumes go by their reclaim policy: those that are to stay are not waited for. */
async function volumesOf(kube: ReconcilerDeps["kube"], session: SessionRef): Promise<string[]> {
  const prefix = `${namesOf(session).base}-d`
  const all = await kube.list<PersistentVolume>(kinds.PersistentVolume)
  return all.flatMap(({ metadata, spec }) => {
    const { namespace, name } = spec?.claimRef ?? {}
    const isClone = namespace === session.namespace && name?.startsWith(prefix) === true
    return isClone && spec?.persistentVolumeReclaimPolicy === "Delete" ? (metadata?.name ?? []) : []
  })
}
