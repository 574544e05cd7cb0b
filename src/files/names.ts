import { isUtf8 } from "node:buffer"
import { RecoveryError } from "../api/reasons.ts"

/**
 * File names are bytes. These are the two spellings they have outside a Buffer: percent-encoding in URLs and JSON, and
 * escapes for people, which can be typed back. Both are exact: what was encoded is decoded to the same bytes.
 */
const unreserved = /^[A-Za-z0-9\-._~]$/

/** Percent-encoding (RFC 3986): everything but unreserved characters becomes %XX; `/` too, unless kept for a path. */
export function percentEncode(bytes: Buffer, keep = ""): string {
  let text = ""
  for (const byte of bytes) {
    const char = String.fromCharCode(byte)
    text += unreserved.test(char) || keep.includes(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`
  }
  return text
}

/** The bytes of a percent-encoded text. Rejects broken escapes and characters outside printable ASCII. */
export function percentDecode(text: string): Buffer {
  if (!/^(?:[\x21-\x24\x26-\x7e]|%[0-9A-Fa-f]{2})*$/.test(text))
    throw new RecoveryError("UsageError", "A path must be percent-encoded bytes.")
  return Buffer.from(
    text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    "latin1",
  )
}

/** Not shown as they are: controls, invisible and direction-changing characters, line separators, unassigned ones. */
const unprintable = /[\p{C}\p{Zl}\p{Zp}\\]/u

/**
 * For people: UTF-8 as it is; a backslash as `\\`; bytes that are no UTF-8, control characters and what else could
 * deceive a terminal as `\xNN`. `parseName` reads it back.
 */
export function displayName(bytes: Buffer): string {
  const latin = bytes.toString("latin1")
  if (/^[\x20-\x5b\x5d-\x7e]*$/.test(latin)) return latin // as nearly all are
  let text = ""
  for (let at = 0; at < bytes.length;) {
    const length = sequenceLength(bytes[at] ?? 0)
    const character = bytes.subarray(at, at + length)
    at += character.length
    if (isUtf8(character)) text += displayCharacter(character)
    else {
      // only the first byte is wrong for sure: the others may begin a character of their own
      text += hex(character.subarray(0, 1))
      at -= character.length - 1
    }
  }
  return text
}

function displayCharacter(character: Buffer): string {
  const text = character.toString()
  if (text === "\\") return "\\\\"
  return unprintable.test(text) ? hex(character) : text
}

const hex = (bytes: Buffer) => [...bytes].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")

/** Bytes of the UTF-8 sequence that starts with this byte; 1 for a byte that can't start one. */
function sequenceLength(first: number): number {
  if (first >= 0xf0) return 4
  if (first >= 0xe0) return 3
  return first >= 0xc0 ? 2 : 1
}

/** The bytes of a name typed by a person: `\xNN` is a byte, `\\` a backslash, everything else stands for itself. */
export function parseName(text: string): Buffer {
  const parts: Buffer[] = []
  const token = /\\x([0-9A-Fa-f]{2})|\\(\\)|([^\\]+)|(\\.?)/gsu
  for (const [, byte, backslash, plain, stray] of text.matchAll(token)) {
    if (stray !== undefined)
      throw new RecoveryError(
        "UsageError",
        `"${stray}" in "${text}" is no escape; write \\\\ for a backslash, \\xNN for a byte.`,
      )
    parts.push(byte === undefined ? Buffer.from(backslash ?? plain ?? "") : Buffer.from(byte, "hex"))
  }
  return Buffer.concat(parts)
}
