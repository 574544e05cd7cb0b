import { RecoveryError } from "../api/reasons.ts"
import { printable } from "./printable.ts"

/** As many bytes as git and grep look at to tell text from the rest. */
const lookedAt = 8000
/** Other than a tab, a line end, and what is no character of its own. */
const unsafe = /[^\P{C}\t\n]|[\p{Zl}\p{Zp}\ufffd]/u

/**
 * Bytes of a file as they may be written to a terminal: text as it is, but control characters, bytes that are no UTF-8 and
 * what else could deceive as `\xNN`. Throws AccessDenied for a binary file before anything of it is given out.
 */
export async function* terminalText(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<string> {
  let rest = Buffer.alloc(0)
  let seen = 0
  for await (const chunk of chunks) {
    if (chunk.subarray(0, Math.max(0, lookedAt - seen)).includes(0))
      throw new RecoveryError(
        "AccessDenied",
        `${name} is no text: use cp, a pipe, or --force to write it to the terminal.`,
      )
    seen += chunk.length
    const bytes = Buffer.concat([rest, chunk])
    const end = bytes.length - unfinished(bytes)
    rest = bytes.subarray(end)
    if (end > 0) yield escaped(bytes.subarray(0, end))
  }
  if (rest.length > 0) yield escaped(rest)
}

function escaped(bytes: Buffer): string {
  const text = bytes.toString().replaceAll("\r\n", "\n")
  if (!unsafe.test(text)) return text
  return splitLines(bytes)
    .map((line) => line.map(printable).join("\t"))
    .join("\n")
}

/** Cells between tabs of each line, as bytes: `printable` of text would lose those that are no UTF-8. */
function splitLines(bytes: Buffer): Buffer[][] {
  return split(bytes, 0x0a).map((line, at, all) => {
    const isDos = at < all.length - 1 && line.at(-1) === 0x0d
    return split(isDos ? line.subarray(0, -1) : line, 0x09)
  })
}

function split(bytes: Buffer, separator: number): Buffer[] {
  const parts: Buffer[] = []
  let start = 0
  for (let at = bytes.indexOf(separator); at !== -1; at = bytes.indexOf(separator, start)) {
    parts.push(bytes.subarray(start, at))
    start = at + 1
  }
  return [...parts, bytes.subarray(start)]
}

/** Bytes at the end that begin a character, or a line end, of which the rest is still to come. */
function unfinished(bytes: Buffer): number {
  if (bytes.at(-1) === 0x0d) return 1
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if ((byte & 0xc0) === 0x80) continue
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? back : 0
  }
  return 0
}
