import { createHash } from "node:crypto"
import { type AuditRecord, auditRecordSchema } from "./record.ts"

/** What a record says before it is chained. */
export type AuditEntry = Omit<AuditRecord, "audit" | "session" | "chain" | "seq" | "time" | "previous" | "hash">

/** The record with its hash, which no part of it or of those before it can change without. */
export function seal(record: Omit<AuditRecord, "hash">): AuditRecord {
  return { ...record, hash: hashOf(record) }
}

/** SHA-256 of the hash before, a newline, and the record's JSON, fields in the order of the schema. */
export function hashOf(record: Omit<AuditRecord, "hash">): string {
  return sha256(`${record.previous}\n${JSON.stringify(inOrder(record))}`)
}

/** What the first record of a session's chains follows. */
export function seedOf(session: string): string {
  return sha256(session)
}

/** As it is written: one line of JSON, whichever order its fields came in. */
export function lineOf(record: AuditRecord): string {
  return JSON.stringify({ ...inOrder(record), hash: record.hash })
}

/** Log collectors reorder fields and add their own: only the schema's count, in its order. */
function inOrder(record: Omit<AuditRecord, "hash">): object {
  const given = new Map<string, unknown>(Object.entries(record))
  const names = Object.keys(auditRecordSchema.shape).filter((name) => name !== "hash" && given.get(name) !== undefined)
  return Object.fromEntries(names.map((name) => [name, given.get(name)]))
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex")
