import { parseDuration } from "../api/duration.ts"
import { RecoveryError } from "../api/reasons.ts"

/** Milliseconds of a flag such as `--timeout 10m`. Throws UsageError when it is no duration, or none to wait for. */
export function durationOf(flag: string, text: string): number {
  const ms = parseDuration(text)
  if (!ms) throw new RecoveryError("UsageError", `${flag} "${text}" is no duration such as 30s or 10m.`)
  return ms
}
