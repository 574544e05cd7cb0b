import { createHash } from "node:crypto"
import { displayName } from "../names.ts"

/** Longer names can't be made on Linux' file systems, and unpackers give up at the first. */
const maxBytes = 255

/**
 * A name as zip archives have them: UTF-8, `/` between components. What they can't hold, or what unpackers take for
 * something else, is written `%XX`: bytes that are no UTF-8, control characters, the backslash (which some take for a
 * slash); and a percent sign before two hexadecimal digits, so that no two names become one. A component that becomes
 * too long by that is cut, and ends in `~` and a hash of its bytes.
 */
export function zipName(name: Buffer): Buffer {
  const parts = name.toString("latin1").split("/")
  return Buffer.from(parts.map((part) => component(Buffer.from(part, "latin1"))).join("/"))
}

function component(name: Buffer): string {
  const text = displayName(name)
    .replace(/%(?=[0-9A-Fa-f]{2})/g, "%25")
    .replace(/\\(?:x([0-9a-f]{2})|\\)/g, (_, hex: string | undefined) => `%${hex?.toUpperCase() ?? "5C"}`)
  if (Buffer.byteLength(text) <= maxBytes) return text
  const end = `~${createHash("sha256").update(name).digest("hex").slice(0, 16)}`
  return cut(text, maxBytes - end.length) + end
}

/** As many whole characters, and whole escapes, as fit. */
function cut(text: string, bytes: number): string {
  let left = bytes
  const kept = [...text.matchAll(/%[0-9A-F]{2}|[^]/gu)].map(([one]) => one)
  return kept
    .slice(
      0,
      kept.findIndex((one) => (left -= Buffer.byteLength(one)) < 0),
    )
    .join("")
}
