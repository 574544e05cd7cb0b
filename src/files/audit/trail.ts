import { randomUUID } from "node:crypto"
import { type AuditEntry, lineOf, seal, seedOf } from "./chain.ts"

export interface AuditTrailOptions {
  /** UID of the session. */
  readonly session: string
  /** Told each line, without its newline, as soon as it is there. */
  readonly write?: (line: string) => void
  /** How much of it is kept for those who ask, in characters. */
  readonly keep?: number
}

/** What was done with a session's files by one life of its service: a chain of records, the newest of them kept. */
export class AuditTrail {
  readonly #session: string
  readonly #write: (line: string) => void
  readonly #keep: number
  readonly #chain = randomUUID()
  #lines: string[] = []
  #kept = 0
  #seq = 0
  #head: string
  #stopped = false

  constructor({ session, write = () => undefined, keep = 4 << 20 }: AuditTrailOptions) {
    this.#session = session
    this.#write = write
    this.#keep = keep
    this.#head = seedOf(session)
    this.record({ event: "Started", via: "service", outcome: "Ok" })
  }

  /** Hash of the newest record: who knows it can tell whether the end of a chain is missing. */
  get head(): string {
    return this.#head
  }

  /** The newest records as they were written, the oldest first. */
  get lines(): readonly string[] {
    return this.#lines
  }

  record(entry: AuditEntry): void {
    if (this.#stopped) return
    const place = { session: this.#session, chain: this.#chain, seq: ++this.#seq, previous: this.#head }
    const record = seal({ audit: true, ...place, time: new Date().toISOString(), ...entry })
    this.#head = record.hash
    const line = lineOf(record)
    this.#write(line)
    this.#remember(line)
  }

  /** Ends the chain. Safe to call twice. */
  stop(): void {
    this.record({ event: "Stopped", via: "service", outcome: "Ok" })
    this.#stopped = true
  }

  #remember(line: string): void {
    this.#lines.push(line)
    this.#kept += line.length
    let gone = 0
    while (this.#kept > this.#keep) this.#kept -= this.#lines[gone++]?.length ?? this.#kept
    if (gone > 0) this.#lines = this.#lines.slice(gone)
  }
}
