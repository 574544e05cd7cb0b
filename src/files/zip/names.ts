import { displayName } from "../names.ts"

/**
 * A name as zip archives have them: UTF-8, `/` between components. What they can't hold, or what unpackers take for
 * something else, is written `%XX`: bytes that are no UTF-8, control characters, the backslash (which some take for a
 * slash); and a percent sign before two hexadecimal digits, so that no two names become one.
 */
export function zipName(name: Buffer): Buffer {
  const text = displayName(name)
    .replace(/%(?=[0-9A-Fa-f]{2})/g, "%25")
    .replace(/\\(?:x([0-9a-f]{2})|\\)/g, (_, hex: string | undefined) => `%${hex?.toUpperCase() ?? "5C"}`)
  return Buffer.from(text)
}
