import { GROUP, SESSION_KIND } from "../api/group.ts"
import type { FileRecoverySession } from "../api/session.ts"
import { isReason, RecoveryError } from "../api/reasons.ts"
import { printable } from "./printable.ts"

export const isOver = ({ status }: FileRecoverySession) =>
  status?.phase === "Unmounted" || status?.phase === "Expired" || status?.phase === "Failed"

/** As `kubectl get -o name` prints it. */
export const objectName = ({ metadata }: FileRecoverySession) =>
  `${SESSION_KIND.toLowerCase()}.${GROUP}/${metadata.name}`

/** What the disks are of: `pvc/data-0, pvc/data-1`, as `create --from` takes them. */
export function sourceWords({ spec }: FileRecoverySession): string {
  const { volumeSnapshots = [], persistentVolumeClaims = [] } = spec.source
  const names = [
    ...persistentVolumeClaims.map(({ name }) => `pvc/${name}`),
    ...volumeSnapshots.map(({ name }) => `snapshot/${name}`),
  ]
  return printable(names.join(", "))
}

/** The condition that says most in a phase; in all others it is the first that isn't met. */
const telling: Record<string, string> = { Failed: "Stalled", Unmounting: "Released" }

/** Where a session stands, in one line: its phase and the condition that says why it is no further. */
export function standing(session: FileRecoverySession): string {
  const phase = session.status?.phase ?? "Pending"
  const conditions = session.status?.conditions ?? []
  const open = conditions.find(({ type }) => type === telling[phase])
  const unmet =
    open ?? conditions.find(({ type, status }) => status !== "True" && type !== "Complete" && type !== "Stalled")
  if (phase === "Ready" || !unmet) return printable(phase)
  return printable(`${phase}: ${unmet.reason}${unmet.message ? `: ${unmet.message}` : ""}`)
}

/** What spec.verifySource came to, in one line: `true: ...` or `false: ...`; undefined while it has come to nothing. */
export function sourceVerified({ status }: FileRecoverySession): string | undefined {
  const is = status?.conditions?.find(({ type }) => type === "SourceVerified")
  return is && printable(`${is.status === "True"}: ${is.message}`)
}

export function whyNotReady(session: FileRecoverySession): string {
  const { namespace, name } = session.metadata
  return `The session ${namespace}/${name} is not ready (${standing(session)}).`
}

/** The failure of a session that ended before it was ready, with the code the operator gave. */
export function endedEarly(session: FileRecoverySession): RecoveryError {
  const reason =
    session.status?.release?.reason ?? session.status?.conditions?.find(({ type }) => type === "Stalled")?.reason
  const known = isReason(reason) ? reason : "Internal"
  return new RecoveryError(known, whyNotReady(session))
}
