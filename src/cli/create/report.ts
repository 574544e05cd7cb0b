import { reasons } from "../../api/reasons.ts"
import type { FileRecoverySession } from "../../api/session.ts"
import { blockers, notes, warnings } from "../../session/preflight/checks.ts"
import type { Forecast } from "../../session/preflight/forecast.ts"
import type { ObservedPreflight, Unread } from "../../session/preflight/observed.ts"
import type { Verdict } from "../../session/verdict.ts"
import { printable } from "../printable.ts"
import { objectName } from "../session-words.ts"
import { table } from "../table.ts"

/** What `create --dry-run=server -o json` prints. */
export interface Report {
  /** As the API server would keep it. */
  session: FileRecoverySession
  wouldStart: boolean
  disks: { disk: string; recoveryPoint: string; time?: string; storageClassName?: string; size: string }[]
  /** What keeps it from starting; `heals`: it would wait for that, and not fail at once. */
  problems: (Verdict & { heals: boolean })[]
  warnings: Verdict[]
  notes: Verdict[]
  notChecked: Unread[]
}

export function reportOf(
  session: FileRecoverySession,
  { disks, problems }: Forecast,
  preflight: ObservedPreflight | undefined,
  unread: readonly Unread[],
): Report {
  const all = [...problems, ...(preflight ? blockers(preflight) : [])]
  return {
    session,
    wouldStart: all.length === 0,
    disks: disks.map(({ recoveryPoint: { name, time }, clone: { disk, storageClassName, size } }) => ({
      disk,
      recoveryPoint: name,
      ...(time !== undefined && { time }),
      ...(storageClassName !== undefined && { storageClassName }),
      size,
    })),
    problems: all.map((problem) => ({ ...problem, heals: reasons[problem.reason].heals })),
    warnings: preflight ? warnings(preflight) : [],
    notes: preflight ? notes(preflight) : [],
    notChecked: [...unread, ...(preflight?.unread ?? [])],
  }
}

/** The same for people. */
export function reportText({ session, disks, problems, warnings, notes, notChecked }: Report): string {
  const header = ["DISK", "RECOVERY POINT", "TAKEN", "STORAGE CLASS", "SIZE"]
  const rows = disks.map(({ disk, recoveryPoint, time, storageClassName, size }) =>
    [disk, recoveryPoint, time ?? "-", storageClassName ?? "-", size].map(printable),
  )
  const told = ({ reason, message }: Verdict) => `${message} (${reason})`
  const lines = [
    ...problems.map((problem) => `${problem.heals ? "would wait" : "would fail"}: ${told(problem)}`),
    ...warnings.map((one) => `warning: ${told(one)}`),
    ...notes.map((one) => `note: ${told(one)}`),
    ...notChecked.map(({ what, why }) => `not checked: ${what} (${why})`),
  ]
  return [
    `${objectName(session)} created (server dry run)\n`,
    ...(rows.length > 0 ? [table(header, rows)] : []),
    ...lines.map((line) => `${printable(line)}\n`),
  ].join("")
}
