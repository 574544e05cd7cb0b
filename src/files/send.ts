import type { ServerResponse } from "node:http"
import { RecoveryError } from "../api/reasons.ts"
import { closing, within } from "./within.ts"

/**
 * Sends chunks as the body, no faster than the client takes them. Rejects when the client goes away or takes nothing for
 * `stallMs`; leaving the loop then ends the source. `lent`: the next chunk is asked for when this one has left the process.
 */
export async function send(
  response: ServerResponse,
  chunks: AsyncIterable<Buffer>,
  options: { stallMs: number; lent?: boolean; sent: (bytes: number) => void },
): Promise<void> {
  const gone = closing(response)
  for await (const chunk of chunks) {
    if (gone.aborted) throw new RecoveryError("ConnectionLost", "The client went away.")
    let left = Promise.resolve()
    if (options.lent) left = within(gone, options.stallMs, (done) => response.write(chunk, done))
    else if (!response.write(chunk)) left = within(gone, options.stallMs, (done) => response.once("drain", done))
    options.sent(chunk.length)
    await left
  }
}

/** Waits until a response that was ended has left this process, or gives the client up after `stallMs`. */
export async function finished(response: ServerResponse, stallMs: number): Promise<void> {
  if (response.writableFinished || response.destroyed) return
  await within(closing(response), stallMs, (done) => response.once("finish", done))
}
