import type { SessionRef } from "../children/names.ts"
import { kinds } from "../kube/kinds.ts"
import type { Removal } from "../session/plan.ts"
import type { ReconcilerDeps } from "./deps.ts"

/** Removes what nobody else will, and says so: somebody took a finalizer off, and may want to know what it was for. */
export async function removeOrphan(
  { kube, log, events, onOrphanRemoved }: ReconcilerDeps,
  session: SessionRef,
  { kind, name, uid, resourceVersion }: Removal,
): Promise<void> {
  const { apiVersion, namespaced } = kinds[kind]
  const namespace = namespaced ? session.namespace : undefined
  await kube.remove(kinds[kind], name, namespace, {
    uid,
    // gone when all it owns is gone
    propagation: kind === "FileRecoveryAttachment" ? "Foreground" : "Background",
    ...(resourceVersion !== undefined && { resourceVersion }),
  })
  const of = `${session.namespace}/${session.name}`
  log.warn({ session: of, uid: session.uid, kind, name }, "an orphan was removed")
  events.record(
    { apiVersion, kind, metadata: { name, namespace, uid } },
    {
      type: "Warning",
      reason: "OrphanRemoved",
      message: `${kind} ${name} was removed: the session it was made for, ${of} (${session.uid}), is gone without a release.`,
    },
  )
  onOrphanRemoved(kind)
}
