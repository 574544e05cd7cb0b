import type { Writable } from "node:stream"
import { RecoveryError } from "../api/reasons.ts"

/** Waits for what calls `done`. Rejects with ConnectionLost when the client is gone, or takes nothing for `stallMs`. */
export function within(gone: AbortSignal, stallMs: number, start: (done: () => void) => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const lost = (why: string) => reject(new RecoveryError("ConnectionLost", why))
  const timer = setTimeout(() => lost(`The client took nothing for ${stallMs / 1000} s.`), stallMs)
  const onGone = () => lost("The client went away.")
  gone.addEventListener("abort", onGone)
  if (gone.aborted) onGone()
  else start(resolve)
  return promise.finally(() => {
    clearTimeout(timer)
    gone.removeEventListener("abort", onGone)
  })
}

/** Aborts when a stream is closed. */
export function closing(stream: Writable): AbortSignal {
  const gone = new AbortController()
  if (stream.destroyed) gone.abort()
  else stream.once("close", () => gone.abort())
  return gone.signal
}
