import { setTimeout as delay } from "node:timers/promises"
import type { Control } from "./control.ts"
import type { GuestClock, Late } from "./cpu/guest-clock.ts"

export interface WatchOptions {
  readonly clock: GuestClock
  readonly everyMs: number
  readonly boundMs: number
}

/**
 * Pings the agent every `everyMs` and calls `dead` once when it has not answered within `boundMs`. Returns how to stop it.
 * The agent's loop starts everything else in processes of their own, so that it answers while a disk does not.
 */
export function watch(
  control: Control,
  { clock, everyMs, boundMs }: WatchOptions,
  dead: (late: Late) => void,
): () => void {
  const stop = new AbortController()
  let giveUp: (() => void) | undefined
  const pause = () =>
    delay(everyMs, "passed" as const, { signal: stop.signal, ref: false }).catch(() => "stopped" as const)
  const loop = async () => {
    while ((await pause()) === "passed") {
      const { promise: late, resolve } = Promise.withResolvers<Late | "stopped">()
      const forget = clock.limit(boundMs, "The agent's answer", resolve)
      giveUp = () => resolve("stopped")
      const pong = control.ping().then(
        () => "pong" as const,
        () => "stopped" as const,
      )
      const outcome = await Promise.race([pong, late])
      forget()
      if (outcome === "stopped") return
      if (outcome !== "pong") return dead(outcome)
    }
  }
  void loop()
  return () => {
    stop.abort()
    giveUp?.()
  }
}
