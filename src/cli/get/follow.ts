import type { FileRecoverySession } from "../../api/session.ts"
import type { Cluster } from "../client/cluster.ts"
import type { Context } from "../context.ts"
import { OutputClosed, print, structured } from "../output.ts"
import { objectName } from "../session-words.ts"
import { columnWidths, tableLine } from "../table.ts"
import { watchSessions } from "../watch.ts"
import { type Columns, sessionHeader, sessionRow } from "./session-table.ts"

export interface Followed {
  /** As they are now. */
  readonly first: readonly FileRecoverySession[]
  /** Also those that come later, or only these. */
  readonly isAll: boolean
  /** Absent: all namespaces. */
  readonly namespace: string | undefined
  readonly columns: Columns
  readonly output: "table" | "wide" | "json" | "yaml" | "name"
}

/** `get --watch`: a line, or a document, for each change that shows, until Ctrl-C, which is no failure here. */
export async function followSessions(
  cluster: Cluster,
  followed: Followed,
  { streams, signal }: Context,
): Promise<void> {
  const { first, isAll, namespace, columns, output } = followed
  const wanted = new Set(first.map(keyOf))
  const shown = new Map<string, string>()
  const rowOf = (session: FileRecoverySession) => sessionRow(session, columns, Date.now())
  const header = sessionHeader(columns)
  const widths = columnWidths([header, ...first.map(rowOf)])
  const isTable = output === "table" || output === "wide"
  const words = (session: FileRecoverySession) => {
    if (output === "json" || output === "yaml")
      return `${output === "yaml" ? "---\n" : ""}${structured(output, session)}`
    return output === "name" ? `${objectName(session)}\n` : tableLine(rowOf(session), widths)
  }
  const stop = new AbortController()
  // one after the other, as fast as the reader takes them
  let tail = isTable ? print(streams.out, tableLine(header, widths)) : Promise.resolve()
  const say = (text: string) => {
    tail = tail.then(() => print(streams.out, text))
    tail.catch(() => stop.abort())
  }
  await watchSessions(cluster, { namespace, signal: AbortSignal.any([signal, stop.signal]) }, ({ type, object }) => {
    const key = keyOf(object)
    if (!isAll && !wanted.has(key)) return
    if (type === "delete") {
      shown.delete(key)
      return isTable ? say(tableLine(deleted(rowOf(object), columns), widths)) : undefined
    }
    // what changes about every 15 seconds and isn't in the columns is no news
    const look = isTable ? JSON.stringify(sessionRow(object, columns, 0)) : (object.metadata.resourceVersion ?? "")
    if (shown.get(key) === look) return
    shown.set(key, look)
    say(words(object))
  })
  await tail
  if (stop.signal.aborted) throw new OutputClosed()
}

const keyOf = ({ metadata }: FileRecoverySession) => `${metadata.namespace}/${metadata.name}`

function deleted(row: readonly string[], { withNamespace }: Columns): string[] {
  return row.map((cell, at) => (at === (withNamespace ? 2 : 1) ? "Deleted" : cell))
}
