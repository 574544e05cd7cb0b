import type { Writable } from "node:stream"
import { RecoveryError } from "../api/reasons.ts"

/** Waits for what calls `done`. Rejects with ConnectionLost when the client's stream is closed, or after `stallMs`. */
export function within(client: Writable, stallMs: number, start: (done: () => void) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const lost = (why: string) => reject(new RecoveryError("ConnectionLost", why))
  const timer = setTimeout(() => lost(`The client took nothing for ${stallMs / 1000} s.`), stallMs)
  const onClose = () => lost("The client went away.")
  client.once("close", onClose)
  if (client.destroyed) onClose()
  else start(resolve)
  return promise.finally(() => {
    clearTimeout(timer)
    client.off("close", onClose)
  })
}
