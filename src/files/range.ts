/** What part of a file is asked for. `start` and `end` are offsets in bytes, `end` is the first not wanted. */
export type ByteRange = { kind: "whole" } | { kind: "part"; start: number; end: number } | { kind: "unsatisfiable" }

/**
 * Reads a Range header (RFC 9110, 14.2) for a file of `size` bytes. One range is served; several, another unit, or a
 * header that can't be understood are ignored, as the standard allows: then the whole file is sent.
 */
export function parseRange(header: string | undefined, size: number): ByteRange {
  const match = /^\s*bytes\s*=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(header ?? "")
  if (!match) return { kind: "whole" }
  const [, first = "", last = ""] = match
  if (first === "" && last === "") return { kind: "whole" }
  if (first === "") return part(Math.max(0, size - Number(last)), size)
  if (last !== "" && Number(last) < Number(first)) return { kind: "whole" }
  return part(Number(first), last === "" ? size : Math.min(size, Number(last) + 1))
}

function part(start: number, end: number): ByteRange {
  return start < end ? { kind: "part", start, end } : { kind: "unsatisfiable" }
}
