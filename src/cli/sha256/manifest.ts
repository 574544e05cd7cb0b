import { createHash } from "node:crypto"
import { RecoveryError } from "../../api/reasons.ts"

export interface ManifestLine {
  /** SHA-256 in hexadecimal. */
  readonly sum: string
  readonly name: Buffer
}

const escapes: Readonly<Record<string, string>> = { "\\\\": "\\", "\\n": "\n", "\\r": "\r" }

/** Reads a line of sha256sum(1), in text or binary form. Throws UsageError for what is none. */
export function parseManifestLine(line: Buffer): ManifestLine {
  // one character is one byte
  const [, escaped, sum, text] = /^(\\?)([0-9a-fA-F]{64}) [ *](.+)$/s.exec(line.toString("latin1")) ?? []
  if (sum === undefined || text === undefined)
    throw new RecoveryError("UsageError", "A line of the manifest is not of the form sha256sum writes.")
  const name = escaped === "\\" ? text.replace(/\\[\\nr]/g, (escape) => escapes[escape] ?? escape) : text
  return { sum: sum.toLowerCase(), name: Buffer.from(name, "latin1") }
}

/** The hash of all that comes, in hexadecimal. */
export async function sha256Of(chunks: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash("sha256")
  for await (const chunk of chunks) hash.update(chunk)
  return hash.digest("hex")
}
