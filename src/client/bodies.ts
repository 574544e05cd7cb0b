import type { IncomingMessage } from "node:http"
import { RecoveryError } from "../api/reasons.ts"
import { connectionLost } from "./session-agent.ts"

const maxJsonBytes = 64 * 2 ** 20

/** A whole answer, as JSON. Throws ProtocolError for what is none, or too long. */
export async function readJson(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > maxJsonBytes) throw new RecoveryError("ProtocolError", "The file service's answer is too long.")
      chunks.push(chunk)
    }
    return JSON.parse(Buffer.concat(chunks).toString())
  } catch (error) {
    if (error instanceof SyntaxError) throw new RecoveryError("ProtocolError", "The file service's answer is not JSON.")
    throw connectionLost(error)
  }
}

/** A body's bytes; a break on the way is a ConnectionLost, an abort an Interrupted. Leaving the loop ends the request. */
export async function* bytesOf(response: IncomingMessage, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const stop = () => response.destroy(new RecoveryError("Interrupted", "Interrupted."))
  signal?.addEventListener("abort", stop, { once: true })
  if (signal?.aborted) stop()
  try {
    yield* response as AsyncIterable<Buffer>
  } catch (error) {
    throw connectionLost(error)
  } finally {
    signal?.removeEventListener("abort", stop)
    response.destroy()
  }
}

/** One line of NDJSON. */
export function jsonOf(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString())
  } catch {
    throw new RecoveryError("ProtocolError", "The file service's answer is not JSON.")
  }
}
