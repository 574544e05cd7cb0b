import { RecoveryError } from "../api/reasons.ts"

const plain = /^[A-Za-z0-9/_.,:+-]$/

/**
 * Bytes as one word of a command line to the agent: everything but a few plain characters becomes `\0ooo` (octal), which
 * the guest's shell decodes by itself. A word is never empty and holds no NUL, as no path does.
 */
export function encodeWord(bytes: Buffer): string {
  if (bytes.length === 0 || bytes.includes(0))
    throw new RecoveryError("UnsafePath", "A path for the guest is neither empty nor holds a NUL byte.")
  let word = ""
  for (const byte of bytes) {
    const character = String.fromCharCode(byte)
    word += plain.test(character) ? character : `\\0${byte.toString(8).padStart(3, "0")}`
  }
  return word
}
