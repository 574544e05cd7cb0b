import { z } from "zod"
import { RecoveryError } from "../../api/reasons.ts"
import type { FileRecoverySession } from "../../api/session.ts"
import { kinds } from "../../kube/kinds.ts"
import type { Secret } from "../../kube/objects.ts"
import { endedEarly, isOver, whyNotReady } from "../session-words.ts"
import { type Cluster, type ClusterFlags, getSession, openCluster } from "./cluster.ts"
import { FilesClient } from "../../client/files-client.ts"
import { dialLocal, findLocalSession, localName } from "./local-session.ts"
import { dialPod } from "./pod-stream.ts"

const base64 = z.base64().transform((text) => Buffer.from(text, "base64").toString())
const accessSecret = z.object({ data: z.object({ "ca.crt": base64, username: base64, password: base64 }) })

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
  const { name, uid = "" } = session.metadata
  const { secretName } = accessOf(session)
  const { ca, username, password } = await readAccess(cluster, secretName, namespace)
  const find = async () => {
    const now = await getSession(cluster, name, namespace)
    if (now.metadata.uid !== uid)
      throw new RecoveryError(
        "SessionNotFound",
        `The session ${namespace}/${name} was deleted; another has its name now.`,
      )
    const { podName, httpsPort } = accessOf(now)
    return { namespace, pod: podName, port: httpsPort }
  }
  return new FilesClient({ dial: dialPod(cluster.config, find), ca, sessionUid: uid, username, password })
}

function accessOf(session: FileRecoverySession) {
  const access = session.status?.access
  if (session.status?.phase === "Ready" && access) return access
  throw isOver(session) ? endedEarly(session) : new RecoveryError("NotReady", whyNotReady(session))
}

async function readAccess(cluster: Cluster, name: string, namespace: string) {
  const secret = await cluster.kube.get<Secret>(kinds.Secret, name, namespace)
  const parsed = accessSecret.safeParse(secret)
  if (!parsed.success)
    throw new RecoveryError("NotReady", `The Secret ${namespace}/${name} with the password is missing or incomplete.`)
  const { "ca.crt": ca, username, password } = parsed.data.data
  return { ca, username, password }
}
