import type { SessionSpec } from "../api/spec.ts"
import { RecoveryError } from "../api/reasons.ts"

export type Journal = SessionSpec["journal"]

const known: ReadonlyMap<string, Journal> = new Map([
  ["replay", "Replay"],
  ["skip", "Skip"],
])

/** What `--journal replay` or `--journal skip` says. Throws UsageError for anything else. */
export function journalOf(text: string): Journal {
  const journal = known.get(text.toLowerCase())
  if (journal !== undefined) return journal
  throw new RecoveryError("UsageError", `--journal "${text}" is not known; use replay or skip.`)
}
