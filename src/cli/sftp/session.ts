import { reasonOf, RecoveryError } from "../../api/reasons.ts"
import type { FileRecoverySession } from "../../api/session.ts"
import type { Dial } from "../../client/session-agent.ts"
import { type Cluster, type ClusterFlags, getSession, openCluster } from "../client/cluster.ts"
import { dialLocal, findLocalSession, localName } from "../client/local-session.ts"
import { dialPod } from "../client/pod-stream.ts"
import { accessOf, findPort, readAccess, sameSession } from "../client/session-access.ts"

/** How a session is reached over SFTP. */
export interface SftpSession {
  /** As it is typed: NAMESPACE/NAME, or local. */
  readonly title: string
  readonly dial: Dial
  readonly username: string
  /** As known_hosts has it behind the name. */
  readonly hostKey: string
  /** The Secret that holds the password: NAMESPACE/NAME; absent for what `open` serves. */
  readonly secret?: string
  /** Rejects with Forbidden when the user may not read it. */
  password(): Promise<string>
  /** Where the session stands now. */
  phase(): Promise<string>
}

/** Every session's; other names are refused. */
const username = "recover"

export async function sftpSession(
  { namespace, session }: { namespace?: string; session: string },
  flags: ClusterFlags,
  signal: AbortSignal,
): Promise<SftpSession> {
  if (namespace === undefined && localName.test(session)) return localSession(session)
  const cluster = openCluster(flags, signal)
  const inside = namespace ?? cluster.namespace
  return clusterSession(cluster, await getSession(cluster, session, inside), inside)
}

function localSession(name: string): SftpSession {
  const { sftp, username, password } = findLocalSession(name)
  if (!sftp) throw noSftp(name)
  return {
    title: name,
    dial: dialLocal(sftp.port),
    username,
    hostKey: sftp.hostKey,
    password: () => Promise.resolve(password),
    phase: async () => (findLocalSession(name), "Ready"),
  }
}

function clusterSession(cluster: Cluster, session: FileRecoverySession, namespace: string): SftpSession {
  const title = `${namespace}/${session.metadata.name}`
  const { secretName, sftpHostKey } = accessOf(session)
  if (sftpHostKey === undefined) throw noSftp(title)
  const find = findPort(cluster, session, namespace, ({ sftpPort }) => {
    if (sftpPort === undefined) throw noSftp(title)
    return sftpPort
  })
  const secret = `${namespace}/${secretName}`
  return {
    title,
    dial: dialPod(cluster.config, find),
    username,
    hostKey: sftpHostKey,
    secret,
    password: async () => {
      const access = await readAccess(cluster, secretName, namespace).catch((error: unknown) => {
        if (reasonOf(error) !== "Forbidden") throw error
        const words = `You may not read Secret ${secret}: name a private key with -i, whose public key spec.access.publicKeys has.`
        throw new RecoveryError("Forbidden", words, { cause: error })
      })
      return access.password
    },
    phase: async () => (await sameSession(cluster, session, namespace)).status?.phase ?? "Pending",
  }
}

function noSftp(title: string): RecoveryError {
  const words = `The session ${title} serves no SFTP: its pod is of an earlier release, or has only begun. cp, tar and browse do without.`
  return new RecoveryError("NotReady", words)
}
