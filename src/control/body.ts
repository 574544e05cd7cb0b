import type { Readable } from "node:stream"
import type { z } from "zod"
import { RecoveryError } from "../api/reasons.ts"

/**
 * Reads a small JSON body (up to `limit` bytes, default 4 KiB) and checks it. Rejects with ProtocolError when it is too
 * long, no JSON, or of another shape; the message never quotes it.
 */
export async function readJson<S extends z.ZodType>(
  stream: Readable,
  schema: S,
  limit: number = 4096,
): Promise<z.output<S>> {
  const chunks: Buffer[] = []
  let length = 0
  // without destroyOnReturn the connection stays for an answer that says what was wrong
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > limit) throw new RecoveryError("ProtocolError", `A message of more than ${limit} bytes was sent.`)
    chunks.push(chunk)
  }
  const result = schema.safeParse(parse(Buffer.concat(chunks).toString()))
  if (result.success) return result.data
  const fields = result.error.issues.map(({ path }) => path.join(".") || "(the whole)").slice(0, 5)
  throw new RecoveryError("ProtocolError", `A message has the wrong shape at ${fields.join(", ")}.`)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new RecoveryError("ProtocolError", "A message is no JSON.")
  }
}
