import type { FileRecoverySession } from "../../api/session.ts"
import { FilesClient } from "../../client/files-client.ts"
import { type Cluster, type ClusterFlags, getSession, openCluster } from "./cluster.ts"
import { dialLocal, findLocalSession, localName } from "./local-session.ts"
import { dialPod } from "./pod-stream.ts"
import { accessOf, findPort, readAccess } from "./session-access.ts"

/**
 * The client for a session's files: of `open` on this machine for `local`, otherwise of a session on the cluster, through
 * the API server with the user's own rights.
 */
export async function sessionFiles(
  { namespace, session }: { namespace?: string; session: string },
  flags: ClusterFlags,
): Promise<FilesClient> {
  if (namespace === undefined && localName.test(session)) {
    const { port, uid, ...rest } = findLocalSession(session)
    return new FilesClient({ dial: dialLocal(port), sessionUid: uid, ...rest })
  }
  const cluster = openCluster(flags)
  const inside = namespace ?? cluster.namespace
  return clusterFiles(cluster, await getSession(cluster, session, inside), inside)
}

async function clusterFiles(cluster: Cluster, session: FileRecoverySession, namespace: string): Promise<FilesClient> {
  const { uid = "" } = session.metadata
  const access = await readAccess(cluster, accessOf(session).secretName, namespace)
  const find = findPort(cluster, session, namespace, ({ httpsPort }) => httpsPort)
  return new FilesClient({ dial: dialPod(cluster.config, find), sessionUid: uid, ...access })
}
