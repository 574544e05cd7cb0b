import { setTimeout as delay } from "node:timers/promises"
import { RecoveryError } from "../api/reasons.ts"

/** Waits; rejects with Interrupted and these words when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal, words = "Interrupted."): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {
    throw new RecoveryError("Interrupted", words)
  })
}
