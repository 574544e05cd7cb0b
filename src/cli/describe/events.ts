import type { FileRecoverySession } from "../../api/session.ts"
import { ifAllowed } from "../../gather/unread.ts"
import type { KubeReader } from "../../kube/client.ts"
import { kinds } from "../../kube/kinds.ts"
import type { KubeObject } from "../../kube/objects.ts"
import type { Unread } from "../../session/preflight/observed.ts"

/** An Event of a session, as far as it is told. */
export interface SessionEvent {
  readonly type: string
  readonly reason: string
  readonly message: string
  readonly count: number
  /** RFC 3339: when it was seen last. */
  readonly lastAt: string
}

/** What was told of a session, oldest first; or why that may not be read. The API server keeps Events for an hour. */
export type SessionEvents = { readonly events: readonly SessionEvent[] } | { readonly unread: string }

interface CoreEvent extends KubeObject {
  involvedObject?: { uid?: string }
  type?: string
  reason?: string
  message?: string
  count?: number
  eventTime?: string | null
  firstTimestamp?: string | null
  lastTimestamp?: string | null
  series?: { count?: number; lastObservedTime?: string } | null
}

export async function gatherEvents(kube: KubeReader, { metadata }: FileRecoverySession): Promise<SessionEvents> {
  const { namespace = "", uid } = metadata
  const unread: Unread[] = []
  const fieldSelector = `involvedObject.uid=${uid}`
  const all = await ifAllowed(unread, "Event", () =>
    kube.list<CoreEvent>(kinds.CoreEvent, { namespace, fieldSelector }),
  )
  if (!all) return { unread: unread[0]?.why ?? "" }
  const own = all.filter(({ involvedObject }) => involvedObject?.uid === uid)
  return { events: own.map(sessionEvent).sort((a, b) => Date.parse(a.lastAt) - Date.parse(b.lastAt)) }
}

function sessionEvent({ type, reason, message, count, series, ...times }: CoreEvent): SessionEvent {
  return {
    type: type ?? "",
    reason: reason ?? "",
    message: message ?? "",
    count: series?.count ?? count ?? 1,
    lastAt: series?.lastObservedTime ?? times.lastTimestamp ?? times.eventTime ?? times.firstTimestamp ?? "",
  }
}
