import { z } from "zod"
import { parseTime } from "../api/nanoseconds.ts"
import { RecoveryError } from "../api/reasons.ts"
import { defaultMatches, defaultPage, maxMatches, maxPage } from "./limits.ts"
import { normalPath } from "./path.ts"
import { fileTypes } from "./schemas.ts"

/**
 * The query fields of the resources. Percent-decoding yields bytes, which come here as text of one character per byte
 * (latin1): zod reads them, and the OpenAPI document is made of the same schemas.
 */
const bytes = (text: string) => Buffer.from(text, "latin1")

const path = z
  .string()
  .transform((text) => normalPath(bytes(text)))
  .meta({ description: "Absolute path in the volume: percent-encoded bytes, `/` may stay. No `..`." })

const glob = z
  .string()
  .min(1)
  .max(255)
  .transform(bytes)
  .meta({
    description:
      "Glob for the last component, percent-encoded: `*` any text, `?` one character, `[a-z]` one of several, `\\` takes " +
      "the next character as it is. The whole name must match.",
  })

const integer = (description: string) =>
  z
    .string()
    .regex(/^\d{1,15}$/, "must be a whole number")
    .transform(Number)
    .meta({ type: "integer", pattern: undefined, description })

/** How many of something are wanted; more than is given at once is no error. */
const limit = (what: string, most: number, fallback: number) =>
  integer("")
    .refine((value) => value > 0, "must be above 0")
    .transform((value) => Math.min(most, value))
    .default(fallback)
    .meta({ type: "integer", description: `${what}: ${fallback} when absent, ${most} at most.` })

const time = (description: string) =>
  z
    .string()
    .regex(/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/, "must be an ISO 8601 time")
    .transform(nanosecondsSinceEpoch)
    .meta({ format: "date-time", pattern: undefined, description })

const types = z
  .array(z.enum(fileTypes))
  .max(fileTypes.length)
  .default([])
  .meta({ description: "May be given several times; none: every type." })

const flag = (description: string) =>
  z
    .enum(["true", "false"])
    .default("false")
    .transform((text) => text === "true")
    .meta({ description })

const ignoreCase = flag("Whether upper and lower case are the same for `name`.")

export const sortKeys = ["name", "size", "mtime", "type"] as const
export type SortKey = (typeof sortKeys)[number]

export const nothing = z.object({})

export const atPath = z.object({ path: path.default(Buffer.from("/")) })

export const contentQuery = atPath.extend({
  inline: flag("Let a browser show it (text, images, PDF) instead of saving it."),
})

export const listQuery = atPath.extend({
  limit: limit("Entries of a page", maxPage, defaultPage),
  cursor: z
    .string()
    .regex(/^\d{1,10}$/, "must be the `next` of the page before")
    .transform(Number)
    .default(0)
    .meta({ description: "The `next` of the page before." }),
  name: glob.optional(),
  ignoreCase,
  type: types,
  sort: z
    .enum(sortKeys)
    .optional()
    .meta({
      description: "Absent: as the file system gives them. Directories with too many entries are refused (400).",
    }),
  order: z.enum(["asc", "desc"]).default("asc"),
})

export const searchQuery = z.object({
  volume: z
    .array(z.string().transform((text) => bytes(text).toString()))
    .max(256)
    .default([])
    .meta({ description: "Name of a volume; may be given several times. None: all that are mounted." }),
  path: path.default(Buffer.from("/")).meta({ description: "Where to begin in each volume." }),
  name: glob.optional(),
  ignoreCase,
  type: types,
  minSize: integer("Least size in bytes.").optional(),
  maxSize: integer("Largest size in bytes.").optional(),
  newer: time("Changed at or after this time.").optional(),
  older: time("Changed before this time.").optional(),
  limit: limit("Matches to tell", maxMatches, defaultMatches),
})
export type SearchQuery = z.output<typeof searchQuery>

export const manifestFormats = ["text", "ndjson"] as const
export type ManifestFormat = (typeof manifestFormats)[number]

export const manifestQuery = atPath.extend({
  format: z
    .enum(manifestFormats)
    .default("text")
    .meta({ description: "`text`: as sha256sum prints it; `ndjson`: JSON lines, which also say how far it is." }),
})

export const archiveFormats = ["tar", "tar.zst", "zip"] as const
export type ArchiveFormat = (typeof archiveFormats)[number]

export const hardLinks = ["links", "files"] as const
export type HardLinks = (typeof hardLinks)[number]

export const archiveQuery = z.object({
  path: z
    .array(path)
    .max(256)
    .default([Buffer.from("/")])
    .meta({ description: "May be given several times, up to 256; none: the whole volume." }),
  format: z.enum(archiveFormats).default("tar"),
  hardLinks: z
    .enum(hardLinks)
    .default("links")
    .meta({
      description:
        "`files`: as files of their own, and without ACLs and extended attributes, for unpackers that lose links. A zip has nothing else.",
    }),
  headersOnly: flag("All but what files hold: they look empty, and hard links are files. Not for a zip."),
})

function nanosecondsSinceEpoch(text: string): bigint {
  const time = parseTime(text)
  if (time === undefined) throw new RecoveryError("UsageError", `There is no time ${text}.`)
  return time
}
