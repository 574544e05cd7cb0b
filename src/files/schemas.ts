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

const fileTypes = ["file", "directory", "symlink", "fifo", "socket", "block", "char"] as const
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
  /** ISO 8601, UTC. */
  mtime: text,
  linkTarget: encoded.optional(),
})
export type Entry = z.infer<typeof entrySchema>

export const listSchema = z.object({ entries: z.array(entrySchema), next: text.optional() })
export type List = z.infer<typeof listSchema>

/** A volume as the guest's catalogue describes it (guest/catalogue.ts). */
export const volumeSchema = z.object({
  path: text,
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

export const diskSchema = z.object({ name: text, serial: text, sizeBytes: bytes })

export const volumesSchema = z.object({ disks: z.array(diskSchema), volumes: z.array(volumeSchema) })
export type Volumes = z.infer<typeof volumesSchema>

export const problemSchema = z.object({ code: z.custom<Reason>(isReason).catch("Internal"), message: text })
export type Problem = z.infer<typeof problemSchema>
