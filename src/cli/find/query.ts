import { RecoveryError } from "../../api/reasons.ts"
import type { Search } from "../../client/search.ts"
import { fileTypes, type FileType } from "../../files/schemas.ts"
import { parseName } from "../../files/names.ts"
import { parseSize } from "../size-flag.ts"
import { timeOf } from "../time-flag.ts"
import { wholeNumber } from "../whole-number.ts"

/** The flags that say what is wanted. */
export interface Wanted {
  readonly name?: string
  readonly iname?: string
  readonly type: string[]
  readonly minSize?: string
  readonly maxSize?: string
  readonly newer?: string
  readonly older?: string
  readonly most?: string
}

const letters: Readonly<Record<string, FileType>> = {
  f: "file",
  d: "directory",
  l: "symlink",
  p: "fifo",
  s: "socket",
  b: "block",
  c: "char",
}

/** What the service is asked for. Throws UsageError. `now` in milliseconds since 1970. */
export function searchOf(wanted: Wanted, now: number): Omit<Search, "volumes" | "components"> {
  const { name, iname, minSize, maxSize, newer, older, most } = wanted
  if (name !== undefined && iname !== undefined)
    throw new RecoveryError("UsageError", "Either --name or --iname: they say the same.")
  const glob = name ?? iname
  return {
    ...(glob !== undefined && { name: parseGlob(glob), ignoreCase: iname !== undefined }),
    types: wanted.type.map(typeOf),
    ...(minSize !== undefined && { minSize: parseSize("--min-size", minSize) }),
    ...(maxSize !== undefined && { maxSize: parseSize("--max-size", maxSize) }),
    ...(newer !== undefined && { newer: timeOf("--newer", newer, now) }),
    ...(older !== undefined && { older: timeOf("--older", older, now) }),
    ...(most !== undefined && { limit: wholeNumber("--most", most, 1, 100_000_000) }),
  }
}

/** `\xNN` is a byte, as in paths; every other backslash is the glob's own. */
function parseGlob(text: string): Buffer {
  return parseName(text.replaceAll(/\\(?!x[0-9A-Fa-f]{2})/g, "\\\\"))
}

function typeOf(text: string): FileType {
  const type = letters[text] ?? fileTypes.find((one) => one === text)
  if (type) return type
  throw new RecoveryError("UsageError", `--type "${text}" is not known; use ${fileTypes.join(", ")}, or f, d, l ...`)
}
