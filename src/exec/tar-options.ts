import { parseArgs } from "node:util"
import { RecoveryError } from "../api/reasons.ts"

export interface TarOptions {
  readonly compress: "none" | "gzip" | "zstd"
  /** ACLs, extended attributes, and hard links as links. */
  readonly full: boolean
  /** Names each member on stderr. */
  readonly verbose: boolean
  /** Where paths that don't begin with a slash begin. */
  readonly directory: string
  readonly paths: readonly string[]
}

const flag = (short?: string) => ({ type: "boolean" as const, ...(short === undefined ? {} : { short }) })
const word = (short?: string) => ({ type: "string" as const, ...(short === undefined ? {} : { short }) })

/** Those of GNU tar's that say how an archive is made; the last few change nothing here. */
const known = {
  create: flag("c"),
  file: word("f"),
  directory: { ...word("C"), multiple: true as const },
  gzip: flag("z"),
  zstd: flag(),
  verbose: flag("v"),
  acls: flag(),
  xattrs: flag(),
  "xattrs-include": word(),
  "preserve-permissions": flag("p"),
  "numeric-owner": flag(),
  "hard-dereference": flag(),
  format: word("H"),
}

const instead =
  "In the pod of a recovery session tar only writes archives of the session's volumes: tar cf - /VOLUME/PATH. " +
  "To put files back use kubectl recover cp."

/**
 * The command line, old style (`tar cf - PATH`, which kubectl cp sends) or new. Throws UsageError, which says what to use
 * instead, for whatever else tar can do.
 */
export function tarOptions(args: readonly string[]): TarOptions {
  const { values, positionals } = parsed(newStyle(args))
  if (!values.create) throw new RecoveryError("UsageError", instead)
  if ((values.file ?? "-") !== "-")
    throw new RecoveryError("UsageError", `It writes to its output only: f -. ${instead}`)
  if (!["pax", "posix", undefined].includes(values.format))
    throw new RecoveryError("UsageError", "It writes the format pax only.")
  const [directory = "/", ...others] = values.directory ?? []
  if (others.length > 0)
    throw new RecoveryError("UsageError", "It goes to one directory only: write the others' paths.")
  if (positionals.length === 0) throw new RecoveryError("UsageError", "Cowardly refusing to create an empty archive")
  return {
    compress: values.gzip ? "gzip" : values.zstd ? "zstd" : "none",
    full: values.acls || values.xattrs || false,
    verbose: values.verbose ?? false,
    directory,
    paths: positionals,
  }
}

/** Letters without a dash come first, and their words after all of them, in order (GNU tar, "Old Option Style"). */
function newStyle([first = "", ...rest]: readonly string[]): string[] {
  if (!/^[A-Za-z]+$/.test(first)) return [first, ...rest]
  return [
    ...Array.from(first).flatMap((letter) => [`-${letter}`, ...(/[fCH]/.test(letter) ? [rest.shift() ?? ""] : [])]),
    ...rest,
  ]
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options: known, allowPositionals: true })
  } catch (error) {
    const [what] = (error as Error).message.split(/\. |\n/)
    throw new RecoveryError("UsageError", `${what}. ${instead}`)
  }
}
