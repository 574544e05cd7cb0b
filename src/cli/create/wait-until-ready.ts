import { RecoveryError } from "../../api/reasons.ts"
import type { FileRecoverySession } from "../../api/session.ts"
import { type Cluster, getSession } from "../client/cluster.ts"
import { endedEarly, isOver, standing, whyNotReady } from "../session-words.ts"
import type { Steps } from "../steps.ts"
import { pause } from "../../client/pause.ts"

export interface Waiting {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly steps: Steps
  /** What is said when the user has had enough. */
  readonly interrupted?: string
}

/** Looks once a second and tells each change. Rejects with the session's own reason when it ends instead. */
export async function waitUntilReady(
  cluster: Cluster,
  made: FileRecoverySession,
  { timeoutMs, signal, steps, interrupted = "Interrupted; the session goes on." }: Waiting,
): Promise<FileRecoverySession> {
  const { name, namespace = cluster.namespace } = made.metadata
  const started = performance.now()
  try {
    for (;;) {
      const session = await getSession(cluster, name, namespace)
      steps.at(standing(session))
      if (session.status?.phase === "Ready") return session
      if (isOver(session)) throw endedEarly(session)
      if (performance.now() - started > timeoutMs) throw new RecoveryError("NotReady", whyNotReady(session))
      await pause(1000, signal, interrupted)
    }
  } finally {
    steps.end()
  }
}
