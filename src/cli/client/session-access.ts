import { z } from "zod"
import { RecoveryError } from "../../api/reasons.ts"
import type { FileRecoverySession } from "../../api/session.ts"
import type { SessionStatus } from "../../api/status.ts"
import { kinds } from "../../kube/kinds.ts"
import type { Secret } from "../../kube/objects.ts"
import { endedEarly, isOver, whyNotReady } from "../session-words.ts"
import { type Cluster, getSession } from "./cluster.ts"
import type { PodPort } from "./pod-stream.ts"

type Access = NonNullable<SessionStatus["access"]>

/** Where a session's files are. Throws NotReady, or why it has ended. */
export function accessOf(session: FileRecoverySession): Access {
  const access = session.status?.access
  if (session.status?.phase === "Ready" && access) return access
  throw isOver(session) ? endedEarly(session) : new RecoveryError("NotReady", whyNotReady(session))
}

/** The session as it is now. Rejects with SessionNotFound when another has its name. */
export async function sameSession(
  cluster: Cluster,
  { metadata: { name, uid } }: FileRecoverySession,
  namespace: string,
): Promise<FileRecoverySession> {
  const now = await getSession(cluster, name, namespace)
  if (now.metadata.uid === uid) return now
  throw new RecoveryError("SessionNotFound", `The session ${namespace}/${name} was deleted; another has its name now.`)
}

/** Finds, each time anew, the pod that serves a session's files, and one of its ports. */
export function findPort(
  cluster: Cluster,
  session: FileRecoverySession,
  namespace: string,
  portOf: (access: Access) => number,
): () => Promise<PodPort> {
  return async () => {
    const access = accessOf(await sameSession(cluster, session, namespace))
    return { namespace, pod: access.podName, port: portOf(access) }
  }
}

const base64 = z.base64().transform((text) => Buffer.from(text, "base64").toString())
const accessSecret = z.object({ data: z.object({ "ca.crt": base64, username: base64, password: base64 }) })

/** What a session's access Secret says. */
export async function readAccess(
  cluster: Cluster,
  name: string,
  namespace: string,
): Promise<{ ca: string; username: string; password: string }> {
  const secret = await cluster.kube.get<Secret>(kinds.Secret, name, namespace)
  const parsed = accessSecret.safeParse(secret)
  if (!parsed.success)
    throw new RecoveryError("NotReady", `The Secret ${namespace}/${name} with the password is missing or incomplete.`)
  const { "ca.crt": ca, username, password } = parsed.data.data
  return { ca, username, password }
}
