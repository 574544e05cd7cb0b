import type { FileRecoveryAttachment } from "../api/attachment.ts"
import type { FileRecoverySession } from "../api/session.ts"
import { INSTANCE_LABEL, SESSION_LABEL, SESSION_NAME_ANNOTATION, SESSION_UID_LABEL } from "../api/labels.ts"
import { sessionLabel } from "../children/metadata.ts"
import { namesOf } from "../children/names.ts"
import type { SessionRef } from "../children/names.ts"
import { kinds } from "../kube/kinds.ts"
import type { KubeObject, VolumeSnapshot, VolumeSnapshotContent } from "../kube/objects.ts"
import type { ReconcilerDeps } from "./deps.ts"

/**
 * Collects the temporary VolumeSnapshotContents of sessions that went without a release: no attachment owns them, so
 * nothing else would. Only those of this installation whose name follows from the session they are labelled with, and
 * only when the API server itself says now that the session is gone (404, or another UID), that attachment and
 * temporary snapshot are gone too, and that the policy is Retain. Returns how many wait for that.
 */
export async function collectContents(
  deps: ReconcilerDeps,
  { namespace, name }: { namespace: string; name: string },
  uid: string | undefined,
): Promise<number> {
  const suspects = deps.stores.contents.list().filter(({ metadata, spec }) => {
    const labels = metadata?.labels ?? {}
    return (
      labels[INSTANCE_LABEL] === deps.settings.instance &&
      labels[SESSION_LABEL] === sessionLabel(name) &&
      spec?.volumeSnapshotRef?.namespace === namespace &&
      labels[SESSION_UID_LABEL] !== uid
    )
  })
  let waiting = 0
  for (const { metadata } of suspects) if (!(await collect(deps, metadata?.name ?? ""))) waiting += 1
  return waiting
}

/** True when there is nothing (more) to do about it. */
async function collect({ kube, settings, log }: ReconcilerDeps, name: string): Promise<boolean> {
  const content = await kube.get<VolumeSnapshotContent>(kinds.VolumeSnapshotContent, name)
  const session = content && sessionOf(content, settings.instance)
  if (!session) return true
  const { namespace } = session
  const live = await kube.get<FileRecoverySession & KubeObject>(kinds.FileRecoverySession, session.name, namespace)
  if (live?.metadata.uid === session.uid) return true
  const [attachment, snapshot] = await Promise.all([
    kube.get<FileRecoveryAttachment & KubeObject>(kinds.FileRecoveryAttachment, namesOf(session).base, namespace),
    kube.get<VolumeSnapshot>(kinds.VolumeSnapshot, name, namespace),
  ])
  const fields = { session: `${namespace}/${session.name}`, uid: session.uid, content: name }
  if (content.spec?.deletionPolicy !== "Retain") {
    log.warn(fields, "an orphan that does not retain its snapshot: set its deletionPolicy to Retain")
    return true
  }
  if (attachment) return false
  if (snapshot) {
    // the garbage collector takes it, unless somebody took its owner from it
    const { uid = "", labels, deletionTimestamp } = snapshot.metadata ?? {}
    const isLeft = labels?.[SESSION_UID_LABEL] === session.uid && deletionTimestamp === undefined
    if (isLeft) await kube.remove(kinds.VolumeSnapshot, name, namespace, { uid, propagation: "Background" })
    return false
  }
  const { uid = "", resourceVersion = "", deletionTimestamp } = content.metadata ?? {}
  if (deletionTimestamp !== undefined) return true
  log.warn(fields, "orphan")
  await kube.remove(kinds.VolumeSnapshotContent, name, undefined, { uid, resourceVersion, propagation: "Background" })
  return true
}

/** Whose content it is, if it says so in every way the operator does. */
function sessionOf({ metadata, spec }: VolumeSnapshotContent, instance: string): SessionRef | undefined {
  const { name = "", labels = {}, annotations = {} } = metadata ?? {}
  const session = {
    namespace: spec?.volumeSnapshotRef?.namespace ?? "",
    name: annotations[SESSION_NAME_ANNOTATION] ?? "",
    uid: labels[SESSION_UID_LABEL] ?? "",
  }
  if (labels[INSTANCE_LABEL] !== instance || session.name === "" || session.uid === "") return undefined
  const disk = Number(/-s([0-9]{1,2})$/.exec(name)?.[1] ?? -1)
  const isNamed = namesOf(session).snapshot(disk) === name && spec?.volumeSnapshotRef?.name === name
  return isNamed ? session : undefined
}
