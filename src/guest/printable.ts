import { displayName } from "../files/names.ts"

/**
 * Bytes from a disk as text that can't deceive a terminal or a log, written as file names are shown; what is longer than
 * `max` characters ends in an ellipsis.
 */
export function printable(bytes: Buffer, max = 256): string {
  // no character takes more than 4 bytes: what lies behind would be cut anyway
  const shown = displayName(bytes.subarray(0, 4 * max))
  return shown.length > max ? `${shown.slice(0, max - 1).toWellFormed()}…` : shown
}
