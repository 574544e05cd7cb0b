import { setTimeout as delay } from "node:timers/promises"
import type { Control } from "./control.ts"

/**
 * Pings the agent every `everyMs` and calls `dead` once when it has not answered within `boundMs`. Returns how to stop it.
 * The agent's loop starts everything else in processes of their own, so that it answers while a disk does not.
 */
export function watch(
  control: Control,
  { everyMs, boundMs }: { everyMs: number; boundMs: number },
  dead: () => void,
): () => void {
  const stop = new AbortController()
  const pause = (ms: number) =>
    delay(ms, "passed" as const, { signal: stop.signal, ref: false }).catch(() => "stopped" as const)
  const loop = async () => {
    while ((await pause(everyMs)) === "passed") {
      const pong = control.ping().then(
        () => "pong" as const,
        () => "stopped" as const,
      )
      const outcome = await Promise.race([pong, pause(boundMs)])
      if (outcome === "stopped") return
      if (outcome === "passed") return dead()
    }
  }
  void loop()
  return () => stop.abort()
}
