import { RecoveryError } from "../api/reasons.ts"

/** What a manifest says of one file. */
export interface HashedFile {
  readonly name: Buffer
  /** SHA-256 in hexadecimal. */
  readonly sum: string
}

/** A line of sha256sum: where a name holds a newline, a carriage return or a backslash, these are escaped, and the line says so. */
export function manifestLine({ sum, name }: HashedFile): Buffer {
  const text = name.toString("latin1")
  const escaped = text.replace(/[\\\n\r]/g, (character) => escapes[character] ?? character)
  return Buffer.from(`${escaped === text ? "" : "\\"}${sum}  ${escaped}\n`, "latin1")
}

/** Reads such a line without its end, in text or binary form. Throws UsageError for what is none. */
export function parseManifestLine(line: Buffer): HashedFile {
  // one character is one byte
  const [, escaped, sum, text] = /^(\\?)([0-9a-fA-F]{64}) [ *](.+)$/s.exec(line.toString("latin1")) ?? []
  if (sum === undefined || text === undefined)
    throw new RecoveryError("UsageError", "A line of the manifest is not of the form sha256sum writes.")
  const name = escaped === "\\" ? text.replace(/\\[\\nr]/g, (escape) => unescapes[escape] ?? escape) : text
  return { sum: sum.toLowerCase(), name: Buffer.from(name, "latin1") }
}

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r" }
const unescapes: Readonly<Record<string, string>> = { "\\\\": "\\", "\\n": "\n", "\\r": "\r" }
