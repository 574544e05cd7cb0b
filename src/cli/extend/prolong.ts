import { formatDuration } from "../../api/duration.ts"
import type { FileRecoverySession } from "../../api/session.ts"
import { KubeError } from "../../kube/errors.ts"
import { kinds } from "../../kube/kinds.ts"
import { type Cluster, getSession } from "../client/cluster.ts"
import type { SessionRef } from "../session-ref.ts"
import { endedEarly, isOver } from "../session-words.ts"
import type { Extended } from "./extended.ts"

/** The operator writes the status every 15 seconds, and others may extend as well: whoever is overtaken looks again. */
const mostAttempts = 5

/** Gives a session the ttl that is chosen for it as it is now. Rejects when it is over, or going. */
export async function prolong(
  cluster: Cluster,
  { name, namespace }: SessionRef,
  choose: (session: FileRecoverySession) => Extended,
): Promise<{ end: Extended; session: FileRecoverySession }> {
  for (let attempt = 1; ; attempt++) {
    const before = await getSession(cluster, name, namespace)
    const { deletionTimestamp, resourceVersion = "" } = before.metadata
    if (isOver(before) || before.status?.phase === "Unmounting" || deletionTimestamp !== undefined)
      throw endedEarly(before)
    const end = choose(before)
    const patch = { spec: { ttl: formatDuration(end.ttlMs) } }
    try {
      const kind = kinds.FileRecoverySession
      const options = { resourceVersion }
      return { end, session: await cluster.kube.mergePatch<FileRecoverySession>(kind, name, namespace, patch, options) }
    } catch (error) {
      if (!(error instanceof KubeError) || error.status !== 409 || attempt === mostAttempts) throw error
    }
  }
}
