import { RecoveryError } from "../../api/reasons.ts"
import { HOUR, LONGEST_TTL, MINUTE } from "../../api/duration.ts"
import type { FileRecoverySession } from "../../api/session.ts"
import { kinds } from "../../kube/kinds.ts"
import type { SessionInfo } from "../../page/session-info.ts"
import { type Cluster, getSession } from "../client/cluster.ts"

/** The session behind the page, changed with the user's own rights. Rejects as the API server refuses. */
export interface BrowsedSession {
  info(): Promise<Omit<SessionInfo, "documents">>
  /** One hour more, as far as a session can last. */
  extend(): Promise<void>
  unmount(): Promise<void>
}

/** A session on the cluster: the one that was opened, whatever has its name later. */
export function clusterSession(cluster: Cluster, session: FileRecoverySession): BrowsedSession {
  const { name, namespace = cluster.namespace, uid } = session.metadata
  const read = async () => {
    const now = await getSession(cluster, name, namespace)
    if (now.metadata.uid === uid) return now
    throw new RecoveryError(
      "SessionNotFound",
      `The session ${namespace}/${name} was deleted; another has its name now.`,
    )
  }
  const patch = async (spec: object) => {
    const metadata = { uid } // refused when it is another by now
    await cluster.kube.mergePatch<FileRecoverySession>(kinds.FileRecoverySession, name, namespace, { metadata, spec })
  }
  return {
    info: async () => infoOf(await read()),
    extend: async () => patch({ ttl: longerTtl(await read()) }),
    unmount: () => patch({ desiredState: "Unmounted" }),
  }
}

/** What `open` serves ends when that is stopped. */
export function localSession(name: string): BrowsedSession {
  const refuse = () =>
    Promise.reject(new RecoveryError("UsageError", `"${name}" is served by "open": stop that with Ctrl-C.`))
  return {
    info: () => Promise.resolve({ name, phase: "Ready", canExtend: false, canUnmount: false }),
    extend: refuse,
    unmount: refuse,
  }
}

function infoOf({ metadata, status }: FileRecoverySession): Omit<SessionInfo, "documents"> {
  const points = (status?.recoveryPoints ?? []).map(({ time }) => time).sort()
  const recoveryPoint = points.at(-1)
  return {
    name: metadata.name,
    phase: status?.phase ?? "Pending",
    canExtend: ttlOf(status) < LONGEST_TTL,
    canUnmount: true,
    ...(status?.expiresAt === undefined ? {} : { expiresAt: status.expiresAt }),
    ...(recoveryPoint === undefined ? {} : { recoveryPoint }),
  }
}

/** From its start to its end, milliseconds; a session that has not started yet can't be made longer. */
function ttlOf({ startedAt = "", expiresAt = "" }: FileRecoverySession["status"] = {}): number {
  const ttl = Date.parse(expiresAt) - Date.parse(startedAt)
  return Number.isNaN(ttl) ? LONGEST_TTL : ttl
}

/** The ttl, in whole minutes, with which it ends an hour later than now, or as late as any session may. */
const longerTtl = ({ status }: FileRecoverySession) =>
  `${Math.floor(Math.min(ttlOf(status) + HOUR, LONGEST_TTL) / MINUTE)}m`
