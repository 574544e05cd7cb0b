import { SESSION_LABEL, SESSION_UID_LABEL } from "../api/labels.ts"
import { sessionLabel } from "../children/metadata.ts"
import type { SessionRef } from "../children/names.ts"
import type { VolumeSnapshotContent } from "../kube/objects.ts"
import { collect } from "../session/orphans.ts"
import type { ChildStores, ReconcilerDeps } from "./deps.ts"
import { gatherOrphans } from "./gather-orphans.ts"
import type { LiveSessions } from "./live-sessions.ts"
import { removeOrphan } from "./perform-orphans.ts"

/** What watches don't tell of, like the end of a volume, is looked at again after this. */
const LOOK_MS = 10_000

/**
 * Collects what is left of a session that went without a release: its finalizer was taken off by hand, or its kind was
 * deleted. One step, then it is to be called again. Rejects when nobody can say whether the session is gone.
 */
export async function collectOrphans(
  deps: ReconcilerDeps,
  sessions: LiveSessions,
  session: SessionRef,
): Promise<{ requeueAfterMs?: number }> {
  const remains = await gatherOrphans(deps, sessions, session)
  if (!remains) return {}
  const { remove, waits, problem } = collect(remains)
  const { namespace, name, uid } = session
  if (problem !== undefined) deps.log.warn({ session: `${namespace}/${name}`, uid }, problem)
  await Promise.all(remove.map((removal) => removeOrphan(deps, session, removal)))
  return waits ? { requeueAfterMs: LOOK_MS } : {}
}

/** The sessions of that name, there is none now, of which something is mirrored. */
export function remainsOf(stores: ChildStores, { namespace, name }: { namespace: string; name: string }): SessionRef[] {
  const { attachments, pods, claims, services, networkPolicies, snapshots, contents } = stores
  const here = [attachments, pods, claims, services, networkPolicies, snapshots].flatMap((store) => [
    ...store.inNamespace(namespace),
  ])
  const all = [...here, ...contents.list().filter((content) => namespaceOf(content) === namespace)]
  const label = sessionLabel(name)
  const uids = all.flatMap(({ metadata }) =>
    metadata?.labels?.[SESSION_LABEL] === label ? (metadata.labels[SESSION_UID_LABEL] ?? []) : [],
  )
  return [...new Set(uids)].map((uid) => ({ namespace, name: label, uid }))
}

const namespaceOf = ({ spec }: VolumeSnapshotContent) => spec?.volumeSnapshotRef?.namespace
