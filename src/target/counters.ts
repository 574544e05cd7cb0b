/** Why a connection was refused before it was a session. */
export type Refusal = "tls" | "certificate" | "chap" | "protocol" | "limit"

/** What the target counted since it was started. */
export interface TargetCounters {
  /** Sessions that could read: logged in now, and ever. Discovery sessions count too. */
  readonly sessions: { readonly now: number; readonly total: number }
  /** Bytes of disk content handed to initiators. */
  readonly bytesServed: number
  readonly refused: Readonly<Record<Refusal, number>>
  /** Commands that asked for a write of any kind; all were refused. */
  readonly writeAttempts: number
  /** When a disk was last read; undefined before the first read. */
  readonly lastActivityAt: Date | undefined
}

/** The counters while they are counted. */
export class Tally {
  sessionsNow = 0
  sessionsTotal = 0
  bytesServed = 0
  writeAttempts = 0
  lastReadAt: number | undefined
  readonly refused: Record<Refusal, number> = { tls: 0, certificate: 0, chap: 0, protocol: 0, limit: 0 }

  snapshot(): TargetCounters {
    return {
      sessions: { now: this.sessionsNow, total: this.sessionsTotal },
      bytesServed: this.bytesServed,
      refused: { ...this.refused },
      writeAttempts: this.writeAttempts,
      lastActivityAt: this.lastReadAt === undefined ? undefined : new Date(this.lastReadAt),
    }
  }
}
