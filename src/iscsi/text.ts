import { RecoveryError } from "../api/reasons.ts"

/** Bounds on a text or login data segment, so that nobody can make us hold more than a few kilobytes. */
export interface TextLimits {
  readonly maxKeys: number
  readonly maxValueBytes: number
}

const standardLimits: TextLimits = { maxKeys: 64, maxValueBytes: 4096 }
const keyName = /^[A-Z][A-Za-z0-9.+@_-]{0,62}$/
const utf8 = new TextDecoder("utf-8", { fatal: true })

/** Reads the `key=value` pairs of a login or text PDU (RFC 7143 section 6.1). Anything malformed throws `ProtocolError`. */
export function parseText(data: Buffer, limits: TextLimits = standardLimits): Map<string, string> {
  const pairs = new Map<string, string>()
  for (const pair of decode(data).split("\0")) {
    if (pair === "") continue
    const equals = pair.indexOf("=")
    const key = pair.slice(0, equals)
    const value = pair.slice(equals + 1)
    if (equals < 0 || !keyName.test(key)) throw malformed("a pair without a valid key")
    if (value.length > limits.maxValueBytes) throw malformed(`a value of more than ${limits.maxValueBytes} bytes`)
    if (pairs.has(key)) throw malformed(`the key ${key} twice`)
    if (pairs.size >= limits.maxKeys) throw malformed(`more than ${limits.maxKeys} keys`)
    pairs.set(key, value)
  }
  return pairs
}

/** The data segment for these pairs, in their order. */
export function formatText(pairs: Iterable<readonly [string, string]>): Buffer {
  let text = ""
  for (const [key, value] of pairs) text += `${key}=${value}\0`
  return Buffer.from(text)
}

function decode(data: Buffer): string {
  try {
    return utf8.decode(data)
  } catch (cause) {
    throw new RecoveryError("ProtocolError", "a text segment isn't UTF-8", { cause })
  }
}

function malformed(what: string): RecoveryError {
  return new RecoveryError("ProtocolError", `a text segment holds ${what}`)
}
