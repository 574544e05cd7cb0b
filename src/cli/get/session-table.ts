import { humanBytes } from "../../api/bytes.ts"
import type { FileRecoverySession } from "../../api/session.ts"
import { printable } from "../printable.ts"
import { sourceWords, standing } from "../session-words.ts"
import { humanAge } from "../table.ts"

export interface Columns {
  readonly withNamespace: boolean
  readonly wide: boolean
}

/** The columns `kubectl get` prints; `wide` adds what a session is of and what it does. */
export function sessionHeader({ withNamespace, wide }: Columns): string[] {
  return [
    ...(withNamespace ? ["NAMESPACE"] : []),
    "NAME",
    "PHASE",
    "RECOVERY POINT",
    "VOLUMES",
    "EXPIRES",
    "AGE",
    ...(wide ? ["SOURCE", "CLIENTS", "SERVED", "FILES READ", "STANDING"] : []),
  ]
}

/** A session's row; `now` in milliseconds since 1970. */
export function sessionRow(session: FileRecoverySession, { withNamespace, wide }: Columns, now: number): string[] {
  const { metadata, status } = session
  const { clients, bytesServed, filesRead } = { ...status?.usage, ...status?.release }
  const more = () => [
    sourceWords(session),
    count(clients),
    bytesServed === undefined ? "-" : humanBytes(bytesServed),
    count(filesRead),
    standing(session),
  ]
  const row = [
    ...(withNamespace ? [metadata.namespace ?? ""] : []),
    metadata.name,
    status?.phase ?? "Pending",
    newest(status?.recoveryPoints),
    count(status?.volumeCount ?? status?.volumes?.length),
    status?.expiresAt ?? "-",
    humanAge(now - Date.parse(metadata.creationTimestamp ?? "")),
    ...(wide ? more() : []),
  ]
  return row.map(printable)
}

const count = (number: number | undefined) => String(number ?? "-")

function newest(points: readonly { time: string }[] | undefined): string {
  const times = (points ?? []).map(({ time }) => time)
  return times.sort().at(-1) ?? "-"
}
