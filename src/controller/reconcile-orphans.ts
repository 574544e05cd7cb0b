import type { FileRecoveryAttachment } from "../api/attachment.ts"
import type { FileRecoverySession } from "../api/session.ts"
import { SESSION_LABEL } from "../api/labels.ts"
import { sessionLabel } from "../children/metadata.ts"
import { kinds } from "../kube/kinds.ts"
import type { KubeObject } from "../kube/objects.ts"
import type { ReconcilerDeps } from "./deps.ts"

/**
 * Collects what is left of sessions that went without a release: their finalizer was taken off by hand, or their kind was
 * deleted. Only attachments of this installation are looked at, and a session counts as gone only when the API server
 * itself says so now (404, or another UID). With the attachment goes everything it owns; pods release when they are told
 * to end. Returns how many there were.
 */
export async function collectOrphans(
  { kube, stores, log }: ReconcilerDeps,
  { namespace, name }: { namespace: string; name: string },
  uid: string | undefined,
): Promise<number> {
  const suspects = stores.attachments
    .inNamespace(namespace)
    .filter(({ metadata, spec }) => metadata.labels?.[SESSION_LABEL] === sessionLabel(name) && spec.sessionUid !== uid)
  let collected = 0
  for (const attachment of suspects) {
    if (attachment.metadata.deletionTimestamp !== undefined || !(await isOrphan(kube, attachment))) continue
    const { name: own, uid: ownUid = "" } = attachment.metadata
    log.warn(
      { session: `${namespace}/${attachment.spec.sessionName}`, uid: attachment.spec.sessionUid, attachment: own },
      "orphan",
    )
    await kube.remove(kinds.FileRecoveryAttachment, own, namespace, { uid: ownUid, propagation: "Foreground" })
    collected += 1
  }
  return collected
}

async function isOrphan(kube: ReconcilerDeps["kube"], { metadata, spec }: FileRecoveryAttachment): Promise<boolean> {
  const session = await kube.get<FileRecoverySession & KubeObject>(
    kinds.FileRecoverySession,
    spec.sessionName,
    metadata.namespace,
  )
  return session?.metadata.uid !== spec.sessionUid
}
