import type { FileRecoverySession } from "../../api/session.ts"
import { listSnapshots } from "../../gather/sources.ts"
import type { KindRef } from "../../kube/kinds.ts"
import { kinds } from "../../kube/kinds.ts"
import type { KubeObject } from "../../kube/objects.ts"
import { type ClusterFlags, openCluster } from "../client/cluster.ts"
import { localSessions } from "../client/local-session.ts"
import { isOver } from "../session-words.ts"

const namespaces: KindRef = { apiVersion: "v1", kind: "Namespace", plural: "namespaces", namespaced: false }
const sessions = kinds.FileRecoverySession

/** Sessions as verbs name them: of the namespace that is typed (`shop/`), or of the usual one, and what `open` serves. */
export async function sessionNames(
  flags: ClusterFlags,
  typed: string,
  isWanted: (session: FileRecoverySession) => boolean = () => true,
): Promise<string[]> {
  const [, other] = /^([^/:]*)\//.exec(typed) ?? []
  const cluster = openCluster(flags)
  const namespace = other ?? cluster.namespace
  const found = await cluster.kube.list<FileRecoverySession>(sessions, { namespace }).catch(() => [])
  const names = found
    .filter(isWanted)
    .map(({ metadata: { name } }) => (other === undefined ? name : `${other}/${name}`))
  return [...names, ...(other === undefined ? localSessions() : [])]
}

export const isReadable = (session: FileRecoverySession) => session.status?.phase === "Ready" && !isOver(session)

/** Claims that have recovery points, those that are gone among them. */
export async function claimNames(flags: ClusterFlags): Promise<string[]> {
  const { kube, namespace } = openCluster(flags)
  const snapshots = await listSnapshots(kube, namespace)
  return [...new Set(snapshots.flatMap(({ claimName }) => claimName ?? []))].sort()
}

export async function snapshotNames(flags: ClusterFlags): Promise<string[]> {
  const { kube, namespace } = openCluster(flags)
  return (await listSnapshots(kube, namespace)).map(({ name }) => name).sort()
}

export async function namespaceNames(flags: ClusterFlags): Promise<string[]> {
  const all = await openCluster(flags).kube.list<KubeObject>(namespaces)
  return all.flatMap(({ metadata }) => metadata?.name ?? [])
}

export function contextNames(flags: ClusterFlags): string[] {
  return openCluster(flags)
    .config.getContexts()
    .map(({ name }) => name)
}
