import { RecoveryError } from "../api/reasons.ts"
import { pause } from "../client/pause.ts"

/** A session is looked at so often, to end with it (milliseconds). */
const lookMs = 15_000

/** Until Ctrl-C, or until the session is no longer Ready. `phase` tells where it stands. */
export async function untilOver(phase: () => Promise<string>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(lookMs, signal).catch(() => undefined)
    const now = await phase().catch((error: unknown) =>
      // an API server that doesn't answer for a while is no reason to end
      error instanceof RecoveryError && error.code === "SessionNotFound" ? "gone" : "unknown",
    )
    if (now !== "Ready" && now !== "unknown") return
  }
}
