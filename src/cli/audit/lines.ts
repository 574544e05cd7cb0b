import { RecoveryError } from "../../api/reasons.ts"
import { kinds } from "../../kube/kinds.ts"
import { objectPath } from "../../kube/paths.ts"
import { type ClusterFlags, getSession, openCluster } from "../client/cluster.ts"
import { linesOf } from "../../client/lines.ts"
import { localName } from "../client/local-session.ts"
import { sessionFiles } from "../client/session-files.ts"
import { parseSessionRef } from "../session-ref.ts"
import { endedEarly, isOver, whyNotReady } from "../session-words.ts"

/**
 * The audit records of a session, oldest first: of `open` on this machine from its service, of a session on the cluster from
 * the log of its restore pod, for which it takes the right to read logs.
 */
export async function* auditLines(name: string, flags: ClusterFlags, signal: AbortSignal): AsyncGenerator<string> {
  if (localName.test(name)) {
    const files = await sessionFiles({ session: name }, flags)
    try {
      for await (const line of files.audit(signal)) yield line.toString()
    } finally {
      files.close()
    }
    return
  }
  for await (const line of linesOf(await podLog(name, flags, signal), { mayBeCut: true })) {
    const text = line.toString()
    if (isRecord(text)) yield text
  }
}

async function podLog(text: string, flags: ClusterFlags, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
  const cluster = openCluster(flags, signal)
  const { name, namespace } = parseSessionRef(text, cluster.namespace)
  const session = await getSession(cluster, name, namespace)
  const podName = session.status?.access?.podName
  if (podName === undefined)
    throw isOver(session) ? endedEarly(session) : new RecoveryError("NotReady", whyNotReady(session))
  const path = objectPath(kinds.Pod, podName, namespace, "log")
  const what = `read the log of pod ${namespace}/${podName}`
  const query = { container: "files" }
  return (await cluster.transport.stream({
    method: "GET",
    path,
    query,
    resource: "pods",
    what,
    signal,
  })) as AsyncIterable<Buffer>
}

/** The log has other lines, too. */
function isRecord(line: string): boolean {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === "object" && value !== null && "audit" in value && value.audit === true
  } catch {
    return false
  }
}
