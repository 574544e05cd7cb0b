import { z } from "zod"
import { MAX_PUBLIC_KEY_LENGTH, MAX_PUBLIC_KEYS } from "../api/public-key.ts"
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

const sha256 = z.string().regex(/^[0-9a-f]{64}$/)

export const targetStatusSchema = z.object({
  role: z.literal("target"),
  sessionUid: text,
  /** Hashing: nothing is served yet. It lasts until the pod is told to serve. */
  state: z.enum(["Hashing", "Serving", "Releasing", "Released"]),
  now: clock,
  deadline: instant,
  disks: z.array(diskSchema.extend({ sha256Before: sha256.optional(), sha256After: sha256.optional() })).max(256),
  /** While the disks are hashed, before they are served or after. */
  hashing: z.object({ bytesDone: count, bytesTotal: count }).optional(),
  /** Why a disk could not be hashed after it was served. */
  problem: problemSchema.optional(),
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
  /** A micro-VM that is on its way gets too little CPU, and takes longer for that. */
  shortOfCpu: z.boolean().optional(),
  usage: z.object({
    /** Connections of clients that are open now. */
    clients: count,
    filesRead: count,
    bytesRead: count,
    lastActivityAt: activity,
    /** Of these: files, and their bytes, that were read past the guest; volumes on which that gave other bytes. */
    pastGuest: z.object({ files: count, bytes: count, differences: count }).optional(),
  }),
  /** Absent: none is served yet, or at all. */
  sftp: z
    .object({
      /** As known_hosts has it behind the name: an Ed25519 key of 51 bytes. */
      hostKey: z.string().regex(/^ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI[A-Za-z0-9+/]{43}$/),
      /** Fingerprints of the public keys it was told of. */
      publicKeys: z.array(z.string().regex(/^SHA256:[A-Za-z0-9+/]{43}$/)).max(MAX_PUBLIC_KEYS),
    })
    .optional(),
  /** Why the state is Failed. */
  error: problemSchema.optional(),
})
export type RestoreStatus = z.infer<typeof restoreStatusSchema>

const givenReason = z
  .string()
  .regex(/^[A-Za-z]{1,64}$/)
  .transform((text): Reason => (isReason(text) ? text : "Internal"))

/** All public keys that open the session from now on. Told only to pods that say that they serve SFTP. */
export const publicKeysSchema = z.object({
  publicKeys: z.array(z.string().max(MAX_PUBLIC_KEY_LENGTH)).max(MAX_PUBLIC_KEYS),
})
export const deadlineSchema = z.object({ deadline: instant, now: clock })
/**
 * `hash`: the disks are to be hashed again, however long it takes. Pods of earlier releases don't know it; nor need they
 * know the reason that a later operator gives: to be told late is worse than not to know why.
 */
export const releaseSchema = z.object({ reason: givenReason, hash: z.boolean().default(false) })
