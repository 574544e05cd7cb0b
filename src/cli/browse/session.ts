import { RecoveryError } from "../../api/reasons.ts"
import { HOUR, LONGEST_TTL, parseDuration } from "../../api/duration.ts"
import type { FileRecoverySession } from "../../api/session.ts"
import { kinds } from "../../kube/kinds.ts"
import type { SessionInfo } from "../../page/session-info.ts"
import { type Cluster, getSession } from "../client/cluster.ts"
import { extended } from "../extend/extended.ts"
import { prolong } from "../extend/prolong.ts"

/** The session behind the page, changed with the user's own rights. Rejects as the API server refuses. */
export interface BrowsedSession {
  info(): Promise<Omit<SessionInfo, "documents">>
  /** One hour more, as far as a session can last. */
  extend(): Promise<void>
  unmount(): Promise<void>
}

/** A session on the cluster: the one that was opened, whatever has its name later. `maxTtlMs`: no session lasts longer. */
export function clusterSession(
  cluster: Cluster,
  { metadata }: FileRecoverySession,
  maxTtlMs = LONGEST_TTL,
): BrowsedSession {
  const { name, namespace = cluster.namespace, uid } = metadata
  const same = (now: FileRecoverySession) => {
    if (now.metadata.uid === uid) return now
    throw new RecoveryError(
      "SessionNotFound",
      `The session ${namespace}/${name} was deleted; another has its name now.`,
    )
  }
  return {
    info: async () => infoOf(same(await getSession(cluster, name, namespace)), maxTtlMs),
    extend: async () => {
      await prolong(cluster, { name, namespace }, (now) => extended(same(now), { byMs: HOUR }, maxTtlMs))
    },
    unmount: async () => {
      // with its UID it is refused when it is another by now
      const patch = { metadata: { uid }, spec: { desiredState: "Unmounted" } }
      await cluster.kube.mergePatch<FileRecoverySession>(kinds.FileRecoverySession, name, namespace, patch)
    },
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

function infoOf({ metadata, spec, status }: FileRecoverySession, maxTtlMs: number): Omit<SessionInfo, "documents"> {
  const points = status?.recoveryPoints ?? []
  // of several the volumes say which is whose
  const isOne = points.every(({ point }) => point === undefined)
  const recoveryPoint = isOne
    ? points
        .map(({ time }) => time)
        .sort()
        .at(-1)
    : undefined
  return {
    name: metadata.name,
    phase: status?.phase ?? "Pending",
    canExtend: (parseDuration(spec.ttl ?? "") ?? LONGEST_TTL) < maxTtlMs,
    canUnmount: true,
    ...(status?.expiresAt === undefined ? {} : { expiresAt: status.expiresAt }),
    ...(recoveryPoint === undefined ? {} : { recoveryPoint }),
  }
}
