import { z } from "zod"
import { isReason, type Reason } from "../api/reasons.ts"
import { volumeStates } from "../api/status.ts"

/**
 * What the file service says, for both its ends. Names of files are percent-encoded bytes (`name`, `linkTarget`), next
 * to a form for people (`display`). The data comes from hostile disks: every text has a limit.
 */
const text = z.string().max(4096)
const bytes = z.number().nonnegative()
const encoded = z.string().max(3 * 4096)
/** Which recovery point something is of, where a session has several. */
const point = z.number().int().min(1)

export const fileTypes = ["file", "directory", "symlink", "fifo", "socket", "block", "char"] as const
export type FileType = (typeof fileTypes)[number]

export const entrySchema = z.object({
  name: encoded,
  display: z.string().max(4 * 4096),
  type: z.enum(fileTypes),
  sizeBytes: bytes,
  /** Permission bits, set-user-ID and the like included: 0 to 0o7777. */
  mode: z.number().int().min(0).max(0o7777),
  uid: z.number().int().nonnegative(),
  gid: z.number().int().nonnegative(),
  mtime: text.meta({
    format: "date-time",
    description:
      "RFC 3339 in UTC, to the nanosecond; what years 1 to 9999 don't hold is told as their first or last moment.",
  }),
  linkTarget: encoded.optional(),
})
export type Entry = z.infer<typeof entrySchema>

export const listSchema = z.object({ entries: z.array(entrySchema), next: text.optional() })
export type List = z.infer<typeof listSchema>

/** A volume as the guest's catalogue describes it (guest/catalogue.ts). */
export const volumeSchema = z.object({
  path: text,
  point: point.optional(),
  device: text,
  kind: text,
  filesystem: text.optional(),
  label: text.optional(),
  uuid: text.optional(),
  sizeBytes: bytes,
  usedBytes: bytes.optional(),
  system: z.object({ os: text.optional(), version: text.optional(), hostName: text.optional() }).optional(),
  mountPoint: text.optional(),
  stack: z.array(text).max(64),
  state: z.enum(volumeStates),
  journal: z.enum(["Skipped"]).optional(),
  reason: text.optional(),
  message: text.optional(),
})

export const diskSchema = z.object({ name: text, serial: text, sizeBytes: bytes, point: point.optional() })

export const volumesSchema = z.object({ disks: z.array(diskSchema), volumes: z.array(volumeSchema) })
export type Volumes = z.infer<typeof volumesSchema>

export const problemSchema = z.object({
  code: z.custom<Reason>(isReason).catch("Internal").meta({ type: "string" }),
  message: text,
})
export type Problem = z.infer<typeof problemSchema>

const path = z.string().max(3 * 4096)

/**
 * The lines of a search, one JSON object each. A search that ends without an `end` line broke off. Lines of a kind that
 * a client doesn't know are to be skipped.
 */
export const searchLineSchema = z.discriminatedUnion("event", [
  /** A volume is being searched: when that begins, and every few seconds while nothing is found. */
  z.object({ event: z.literal("searching"), volume: text }),
  /** `path` is percent-encoded with its slashes kept, absolute in the volume; `displayPath` is for people. */
  entrySchema.extend({ event: z.literal("match"), volume: text, path, displayPath: z.string().max(4 * 4096) }),
  /** A volume was not searched, or not all of it. */
  problemSchema.extend({ event: z.literal("problem"), volume: text }),
  z.object({
    event: z.literal("end"),
    /** Every volume was searched to its end, without a problem. */
    complete: z.boolean(),
    matches: bytes,
    /** There may be more: `limit` was reached. */
    truncated: z.boolean(),
    /** Names of the volumes that were searched to their end, and of those that were not. */
    searched: z.array(text),
    skipped: z.array(text),
  }),
])
export type SearchLine = z.infer<typeof searchLineSchema>

const named = { name: encoded, display: z.string().max(4 * 4096) }

/**
 * The lines of a manifest as NDJSON. Names are relative to the volume's root, percent-encoded with their slashes kept. One that
 * ends without an `end` line broke off. Lines of a kind that a client doesn't know are to be skipped.
 */
export const manifestEventSchema = z.discriminatedUnion("event", [
  /** A file is being read: first of all, and every few seconds while there is no hash; empty where none has been reached. */
  z.object({ event: z.literal("reading"), ...named, readBytes: bytes, sizeBytes: bytes }),
  z.object({ event: z.literal("sum"), ...named, sizeBytes: bytes, sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  z.object({ event: z.literal("end"), files: bytes }),
])
export type ManifestEvent = z.infer<typeof manifestEventSchema>
