import { z } from "zod"
import { isReason, type Reason } from "../api/reasons.ts"
import { diskSchema, volumeSchema } from "../files/schemas.ts"

/** What operator and pods say to each other on the control port: one schema for both ends. */
const text = z.string().max(4096)
const count = z.number().int().nonnegative()
const instant = z.iso.datetime({ offset: true }).max(64)
const activity = instant.nullable()
/** The sender's clock. Whoever hears it can tell what the other times of the message are by its own. */
const clock = instant
const reason = z.custom<Reason>(isReason)

export const problemSchema = z.object({ reason: reason.catch("Internal"), message: text })
export type Problem = z.infer<typeof problemSchema>

export const targetStatusSchema = z.object({
  role: z.literal("target"),
  sessionUid: text,
  state: z.enum(["Serving", "Releasing", "Released"]),
  now: clock,
  deadline: instant,
  disks: z.array(diskSchema).max(256),
  counters: z.object({
    /** Initiators logged in now. Released means 0. */
    initiators: count,
    bytesServed: count,
    /** Connections and logins refused, by cause. */
    refused: z.record(z.string().max(64), count),
    writeAttempts: count,
    lastActivityAt: activity,
  }),
})
export type TargetStatus = z.infer<typeof targetStatusSchema>

export const restoreStatusSchema = z.object({
  role: z.literal("restore"),
  sessionUid: text,
  state: z.enum(["Starting", "Mounting", "Ready", "Releasing", "Released", "Failed"]),
  now: clock,
  deadline: instant,
  disks: z.array(diskSchema).max(256),
  volumes: z.array(volumeSchema).max(4096),
  usage: z.object({
    /** Connections of clients that are open now. */
    clients: count,
    filesRead: count,
    bytesRead: count,
    lastActivityAt: activity,
  }),
  /** Why the state is Failed. */
  error: problemSchema.optional(),
})
export type RestoreStatus = z.infer<typeof restoreStatusSchema>

export const deadlineSchema = z.strictObject({ deadline: instant, now: clock })
export const releaseSchema = z.strictObject({ reason: reason })
