import type { FileRecoverySession } from "../api/session.ts"
import { KubeError } from "../kube/errors.ts"
import { kinds } from "../kube/kinds.ts"
import { type Change, Reflector } from "../kube/reflector.ts"
import type { Cluster } from "./client/cluster.ts"

/**
 * Tells every change of the sessions of a namespace, or of all, until the signal aborts; first each as it is now. Goes on
 * over lost connections; rejects when the API server says that this can't be had.
 */
export async function watchSessions(
  { transport }: Cluster,
  { namespace, signal }: { namespace: string | undefined; signal: AbortSignal },
  onChange: (change: Change<FileRecoverySession>) => void,
): Promise<void> {
  const refused = new AbortController()
  let why: KubeError | undefined
  const onFailure = (error: unknown) => {
    if (!(error instanceof KubeError) || error.retryable) return
    why = error
    refused.abort()
  }
  const kind = kinds.FileRecoverySession
  const where = namespace === undefined ? {} : { namespace }
  const reflector = new Reflector<FileRecoverySession>({ transport, kind, ...where, onChange, onFailure })
  await reflector.run(AbortSignal.any([signal, refused.signal]))
  if (why) throw why
}
