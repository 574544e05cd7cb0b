import { hashOf, seedOf } from "./chain.ts"
import { type AuditRecord, auditRecordSchema } from "./record.ts"

/** One life of a session's file service, as its records tell it. */
export interface VerifiedChain {
  readonly session: string
  readonly chain: string
  readonly records: number
  /** Times of the first and of the last record. */
  readonly from: string
  readonly to: string
  /** Hash of the last record. Records behind it are missed only by who knows another, or when `stopped` is false. */
  readonly head: string
  /** It ended in order: nothing can follow. */
  readonly stopped: boolean
}

export interface AuditVerdict {
  readonly intact: boolean
  readonly chains: readonly VerifiedChain[]
  /** What is wrong, with the number of the line, from 1. */
  readonly faults: readonly { readonly line: number; readonly message: string }[]
}

interface Known {
  first: AuditRecord
  last: AuditRecord
  records: number
}

/**
 * Checks the records among some lines, which may be a pod's whole log: that none was changed, removed, added or moved.
 * Records of several chains may be mixed. `partial`: the first records may be missing, as the newest are all that
 * `/v1/audit` has. The end of a chain can't be missed by what is left: see `head` and `stopped`.
 */
export function verifyAudit(lines: Iterable<string>, { partial = false } = {}): AuditVerdict {
  const chains = new Map<string, Known>()
  const faults: { line: number; message: string }[] = []
  let number = 0
  for (const line of lines) {
    number++
    const record = readRecord(line)
    if (record === undefined) continue
    if (typeof record === "string") {
      faults.push({ line: number, message: record })
      continue
    }
    const key = `${record.session} ${record.chain}`
    const known = chains.get(key)
    for (const message of compare(record, known?.last, partial)) faults.push({ line: number, message })
    chains.set(key, { first: known?.first ?? record, last: record, records: (known?.records ?? 0) + 1 })
  }
  return { intact: faults.length === 0, chains: [...chains.values()].map(describe), faults }
}

/** A record, undefined for a line that is none, or what is wrong with it. */
function readRecord(line: string): AuditRecord | string | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined // if it was one, the next shows that one is missing
  }
  if (typeof value !== "object" || value === null || !("audit" in value) || value.audit !== true) return undefined
  const parsed = auditRecordSchema.safeParse(value)
  return parsed.success ? parsed.data : `It is no record: ${parsed.error.issues[0]?.message ?? "wrong"}.`
}

function compare(record: AuditRecord, before: AuditRecord | undefined, partial: boolean): string[] {
  const faults: string[] = []
  if (hashOf(record) !== record.hash)
    faults.push(`Record ${record.seq} was changed: its hash is not that of what it says.`)
  if (before === undefined) {
    if (record.seq !== 1 && !partial)
      faults.push(`The chain begins with record ${record.seq}: those before it are missing.`)
    if (record.seq === 1 && record.previous !== seedOf(record.session))
      faults.push("The first record doesn't follow the session's UID.")
    return faults
  }
  if (before.event === "Stopped") faults.push(`Record ${record.seq} follows the one that ended the chain.`)
  if (record.seq !== before.seq + 1)
    faults.push(`Record ${record.seq} follows ${before.seq}: some are missing, doubled, or in another order.`)
  else if (record.previous !== before.hash)
    faults.push(`Record ${record.seq} doesn't follow the one before it: that was changed.`)
  return faults
}

function describe({ first, last, records }: Known): VerifiedChain {
  const { session, chain } = first
  return {
    session,
    chain,
    records,
    from: first.time,
    to: last.time,
    head: last.hash,
    stopped: last.event === "Stopped",
  }
}
