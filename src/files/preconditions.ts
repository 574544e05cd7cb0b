/** What identifies a file's bytes: its entity tag, quoted, and when it was changed last, if that is a date. */
export interface Validators {
  readonly etag: string
  readonly modified: Date | undefined
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

/**
 * What the conditions of a GET or HEAD come to (RFC 9110, 13.2.2): 304 when the client has these bytes, 412 when it wants
 * others, otherwise whether its Range still holds. Tags here are strong; dates have whole seconds.
 */
export function evaluate(headers: Headers, validators: Validators): 304 | 412 | { readonly rangeHolds: boolean } {
  const { etag, modified } = validators
  const header = (name: string) => (typeof headers[name] === "string" ? headers[name] : undefined)
  const ifMatch = header("if-match")
  const ifNoneMatch = header("if-none-match")
  const since = (name: string) => {
    const time = Date.parse(header(name) ?? "")
    return modified === undefined || Number.isNaN(time) ? undefined : wholeSeconds(modified) - time
  }
  if (ifMatch !== undefined) {
    if (!lists(ifMatch, etag, false)) return 412
  } else if ((since("if-unmodified-since") ?? 0) > 0) return 412
  if (ifNoneMatch !== undefined) {
    if (lists(ifNoneMatch, etag, true)) return 304
  } else if ((since("if-modified-since") ?? 1) <= 0) return 304
  const ifRange = header("if-range")
  return { rangeHolds: ifRange === undefined || ifRange === etag || since("if-range") === 0 }
}

const wholeSeconds = (date: Date) => Math.floor(date.getTime() / 1000) * 1000

/** Whether a list of entity tags names this one; `weak`: tags that claim less count as well (RFC 9110, 8.8.3.2). */
function lists(header: string, etag: string, weak: boolean): boolean {
  if (header.trim() === "*") return true
  const tags = header.match(/(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g) ?? []
  return tags.some((tag) => (weak ? tag.replace(/^W\//, "") : tag) === etag)
}
