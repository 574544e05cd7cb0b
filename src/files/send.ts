import type { ServerResponse } from "node:http"
import { RecoveryError } from "../api/reasons.ts"

/**
 * Sends chunks as the body, no faster than the client takes them. Rejects when the client goes away or takes nothing for
 * `stallMs`; leaving the loop then ends the source.
 */
export async function send(
  response: ServerResponse,
  chunks: AsyncIterable<Buffer>,
  options: { stallMs: number; sent: (bytes: number) => void },
): Promise<void> {
  for await (const chunk of chunks) {
    if (response.destroyed) throw new RecoveryError("ConnectionLost", "The client went away.")
    const free = response.write(chunk)
    options.sent(chunk.length)
    if (!free) await next(response, "drain", options.stallMs)
  }
}

/** Waits until a response that was ended has left this process, or gives the client up after `stallMs`. */
export async function finished(response: ServerResponse, stallMs: number): Promise<void> {
  if (response.writableFinished || response.destroyed) return
  await next(response, "finish", stallMs)
}

function next(response: ServerResponse, event: "drain" | "finish", stallMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      clearTimeout(timer)
      response.off(event, onEvent).off("close", onClose)
      if (error) reject(error)
      else resolve()
    }
    const onEvent = () => settle()
    const onClose = () => settle(new RecoveryError("ConnectionLost", "The client went away."))
    const timer = setTimeout(
      () => settle(new RecoveryError("ConnectionLost", `The client took nothing for ${stallMs / 1000} s.`)),
      stallMs,
    )
    response.on(event, onEvent).on("close", onClose)
  })
}
