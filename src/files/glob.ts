import { isUtf8 } from "node:buffer"

type Token =
  | { readonly kind: "text" }
  | { readonly kind: "any" }
  | { readonly kind: "character"; readonly character: string }
  | { readonly kind: "set"; readonly negated: boolean; readonly ranges: readonly (readonly [number, number])[] }

/** Stars of a coarse pattern: fnmatch(3) tries again at each of them. */
const maxStars = 4

/**
 * A pattern for names, matched against the whole of one: `*`, `?`, `[a-z]`, `[!a-z]`, `\` before a character. Names and
 * patterns are bytes; where they are UTF-8 they are compared by character, and a byte that is none is a character of its
 * own. A name that begins with a dot is like any other. Matching takes at most pattern times name steps, whatever both
 * hold.
 */
export class Glob {
  readonly #tokens: readonly Token[]
  readonly #ignoreCase: boolean

  constructor(pattern: Buffer, options: { ignoreCase?: boolean } = {}) {
    this.#ignoreCase = options.ignoreCase ?? false
    this.#tokens = parse(characters(pattern))
  }

  matches(name: Buffer): boolean {
    const text = characters(name)
    let at = 0
    let token = 0
    // after the last `*`, and how far that reaches: no other has to be tried again
    let afterStar = -1
    let reach = 0
    while (at < text.length) {
      const wanted = this.#tokens[token]
      if (wanted?.kind === "text") {
        afterStar = ++token
        reach = at
      } else if (wanted !== undefined && this.#fits(wanted, text[at] ?? "")) {
        token++
        at++
      } else if (afterStar !== -1) {
        token = afterStar
        at = ++reach
      } else return false
    }
    while (this.#tokens[token]?.kind === "text") token++
    return token === this.#tokens.length
  }

  /**
   * A pattern for find's -name (-iname when case doesn't matter) in the C locale that matches all these names, and maybe
   * others: what both might not understand alike becomes `*`.
   */
  coarse(): { pattern: Buffer; ignoreCase: boolean } {
    const parts = this.#tokens
      .map((token) => (token.kind === "character" && this.#isPlain(token.character) ? token.character : "*"))
      .filter((part, at, all) => part !== "*" || all[at - 1] !== "*")
    const stars = parts.flatMap((part, at) => (part === "*" ? [at] : []))
    const kept = parts.slice(0, (stars[maxStars - 1] ?? parts.length) + 1)
    const pattern = Buffer.concat(kept.map((part) => (part === "*" ? Buffer.from("*") : escaped(part))))
    return { pattern, ignoreCase: this.#ignoreCase }
  }

  /** A literal star can't be told from the other kind here: it may be one. */
  #isPlain(character: string): boolean {
    return character !== "*" && (!this.#ignoreCase || character <= "\x7f")
  }

  #fits(token: Token, character: string): boolean {
    const same = (one: string) => {
      if (token.kind === "any") return true
      if (token.kind === "character") return token.character === one
      return token.kind === "set" && isIn(token, one)
    }
    if (same(character)) return true
    if (!this.#ignoreCase) return false
    if (token.kind === "character") return token.character.toLowerCase() === character.toLowerCase()
    return same(character.toLowerCase()) || same(character.toUpperCase())
  }
}

function parse(pattern: readonly string[]): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at] ?? ""
    if (character === "*") {
      if (tokens.at(-1)?.kind !== "text") tokens.push({ kind: "text" })
    } else if (character === "?") tokens.push({ kind: "any" })
    else if (character === "\\" && at + 1 < pattern.length) tokens.push(literal(pattern[++at]))
    else if (character === "[") {
      const set = parseSet(pattern, at + 1)
      tokens.push(set?.token ?? literal(character))
      at = set?.end ?? at
    } else tokens.push(literal(character))
  }
  return tokens
}

const literal = (character = ""): Token => ({ kind: "character", character })

/** A set from behind its `[`; undefined when nothing ends it: then the bracket is a character like others. */
function parseSet(pattern: readonly string[], start: number): { token: Token; end: number } | undefined {
  const negated = pattern[start] === "!" || pattern[start] === "^"
  const first = negated ? start + 1 : start
  const ranges: (readonly [number, number])[] = []
  for (let at = first; at < pattern.length; at++) {
    // a `]` that comes first is one of the set
    if (pattern[at] === "]" && at > first) return { token: { kind: "set", negated, ranges }, end: at }
    if (pattern[at] === "\\" && at + 1 < pattern.length) at++
    const low = codePoint(pattern[at])
    const isRange = pattern[at + 1] === "-" && at + 2 < pattern.length && pattern[at + 2] !== "]"
    ranges.push([low, isRange ? codePoint(pattern[at + 2]) : low])
    if (isRange) at += 2
  }
  return undefined
}

const codePoint = (character = "") => character.codePointAt(0) ?? 0

function isIn({ negated, ranges }: Token & { kind: "set" }, character: string): boolean {
  const code = codePoint(character)
  return ranges.some(([low, high]) => low <= code && code <= high) !== negated
}

/** The characters of a name; a byte that is no UTF-8 becomes half a surrogate pair, which no UTF-8 holds. */
function characters(bytes: Buffer): string[] {
  if (isUtf8(bytes)) return Array.from(bytes.toString())
  const all: string[] = []
  for (let at = 0; at < bytes.length;) {
    const length = [1, 2, 3, 4].find((length) => isUtf8(bytes.subarray(at, at + length)))
    const character = bytes.subarray(at, at + (length ?? 1))
    all.push(length === undefined ? String.fromCharCode(0xdc00 + (bytes[at] ?? 0)) : character.toString())
    at += character.length
  }
  return all
}

function escaped(character: string): Buffer {
  const code = codePoint(character)
  if (code >= 0xdc80 && code <= 0xdcff) return Buffer.from([code - 0xdc00])
  return Buffer.from(/[?[\]\\]/.test(character) ? `\\${character}` : character)
}
