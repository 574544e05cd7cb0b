import { beginStream, type Exchange } from "../exchange.ts"
import { send } from "../send.ts"
import type { AuditTrail } from "./trail.ts"

const linesAtOnce = 256

/** GET /v1/audit: the records that are kept, as they were when it was asked for. */
export async function sendAudit(exchange: Exchange, trail: AuditTrail): Promise<void> {
  const lines = [...trail.lines]
  if (!beginStream(exchange, { "Content-Type": "application/x-ndjson" })) return
  const { response, limits, tally } = exchange
  await send(response, batches(lines), { stallMs: limits.stallMs, sent: (bytes) => tally.sent(bytes) })
  response.end()
}

async function* batches(lines: readonly string[]): AsyncGenerator<Buffer> {
  for (let at = 0; at < lines.length; at += linesAtOnce)
    yield Buffer.from(
      lines
        .slice(at, at + linesAtOnce)
        .map((line) => `${line}\n`)
        .join(""),
    )
}
