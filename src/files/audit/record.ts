import { z } from "zod"
import { isReason, type Reason } from "../../api/reasons.ts"

const text = z.string().max(4096)
/** Characters of a path's percent-encoding: 4,096 bytes, each %XX. */
export const maxPathText = 3 * 4096
const hash = z.string().regex(/^[0-9a-f]{64}$/)

export const auditEvents = [
  /** The service began to serve: the first record of its chain. */
  "Started",
  "Login",
  /** `count`: how many since the record before; of many in a second, one record tells. */
  "LoginRefused",
  "Logout",
  "Volumes",
  "List",
  "Stat",
  "Read",
  "Archive",
  "Search",
  "Checksum",
  "Audit",
  /** Something that could not be understood, or that there is none of. */
  "Request",
  /** The service ended in order: the last record of its chain. */
  "Stopped",
] as const
export type AuditEvent = (typeof auditEvents)[number]

/**
 * One line of the audit: who did what with which file, and what came of it. The fields' order here is that of the text
 * that is hashed (audit/chain.ts). Paths are percent-encoded bytes, as in the API.
 */
export const auditRecordSchema = z.object({
  /** What a log collector tells these lines by. */
  audit: z.literal(true),
  /** UID of the session. */
  session: text,
  /** One life of the service: a pod that is made anew begins another chain. */
  chain: text,
  /** 1, 2, 3... within the chain. */
  seq: z.number().int().positive(),
  /** ISO 8601, UTC, milliseconds: when it ended. */
  time: text,
  event: z.enum(auditEvents),
  /** `exec`: a program that `kubectl exec` has started in the pod; who did that, the API server's audit knows. */
  via: z.enum(["https", "sftp", "exec", "service"]),
  /** `password:USER`, `publickey:SHA256:...`; absent when nobody had logged in. */
  who: text.optional(),
  /** Address and port of the client, as the service saw it: of a port-forward, the loopback. */
  client: text.optional(),
  volume: text.optional(),
  /** Several for an archive; of very many only the first, `paths` then says how many there were. */
  path: z.array(z.string().max(maxPathText)).max(256).optional(),
  paths: z.number().int().positive().optional(),
  /** What was searched for, which range of a file or format of an archive was asked for. */
  detail: text.optional(),
  /** Bytes of files, archives or answers that left for the client. */
  bytes: z.number().int().nonnegative().optional(),
  /** Of a search: matches; of an archive or a manifest: files. */
  count: z.number().int().nonnegative().optional(),
  /** `Ok`, or the reason it failed or broke off. */
  outcome: z.custom<"Ok" | Reason>((value) => value === "Ok" || isReason(value)).meta({ type: "string" }),
  /** Hash of the record before; of the first one, SHA-256 of the session's UID. */
  previous: hash,
  /** SHA-256, hexadecimal, of `previous`, a newline, and the record's JSON without `hash`. */
  hash,
})
export type AuditRecord = z.infer<typeof auditRecordSchema>
