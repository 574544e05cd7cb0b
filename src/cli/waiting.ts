import { setTimeout as delay } from "node:timers/promises"
import { parseDuration } from "../api/duration.ts"
import { RecoveryError } from "../api/reasons.ts"

/** Waits; rejects with Interrupted and these words when the user has had enough. */
export async function pause(ms: number, signal: AbortSignal, words = "Interrupted."): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {
    throw new RecoveryError("Interrupted", words)
  })
}

/** Milliseconds of a flag such as `--timeout 10m`. Throws UsageError when it is no duration, or none to wait for. */
export function durationOf(flag: string, text: string): number {
  const ms = parseDuration(text)
  if (!ms) throw new RecoveryError("UsageError", `${flag} "${text}" is no duration such as 30s or 10m.`)
  return ms
}
