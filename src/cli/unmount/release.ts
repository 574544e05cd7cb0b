import { RecoveryError } from "../../api/reasons.ts"
import type { FileRecoverySession } from "../../api/session.ts"
import { KubeError } from "../../kube/errors.ts"
import { kinds } from "../../kube/kinds.ts"
import type { Cluster } from "../client/cluster.ts"
import { isOver, standing, whyNotReady } from "../session-words.ts"
import type { Steps } from "../steps.ts"
import { pause } from "../../client/pause.ts"

/** Asks for the end of a session. One that is gone has ended. */
export async function requestUnmount({ kube }: Cluster, { metadata }: FileRecoverySession): Promise<void> {
  const { name, namespace } = metadata
  const patch = { spec: { desiredState: "Unmounted" } }
  await kube.mergePatch(kinds.FileRecoverySession, name, namespace, patch).catch((error: unknown) => {
    if (!(error instanceof KubeError) || error.status !== 404) throw error
  })
}

export interface ReleaseWait {
  /** On the clock of `performance.now()`. */
  readonly until: number
  readonly signal: AbortSignal
  readonly steps: Steps
  /** Names the session in what is told. */
  readonly several?: boolean
}

/** The session when nothing of it is left; undefined when the object itself is gone. Looks once a second. */
export async function waitUntilReleased(
  { kube }: Cluster,
  { metadata: { name, namespace, uid } }: FileRecoverySession,
  { until, signal, steps, several = false }: ReleaseWait,
): Promise<FileRecoverySession | undefined> {
  try {
    for (;;) {
      const session = await kube.get<FileRecoverySession>(kinds.FileRecoverySession, name, namespace)
      if (!session || session.metadata.uid !== uid) return undefined
      steps.at((several ? `${namespace}/${name} ` : "") + standing(session))
      if (isOver(session)) return session
      if (performance.now() > until) throw new RecoveryError("NotReady", `Not unmounted yet: ${whyNotReady(session)}`)
      await pause(1000, signal, "Interrupted; the release goes on.")
    }
  } finally {
    steps.end()
  }
}
