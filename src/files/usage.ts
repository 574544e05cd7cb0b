import type { EventEmitter } from "node:events"

/** How much a session is used; the operator shows it and ends idle sessions by it. */
export interface Usage {
  /** Connections open now whose last request was authorised. */
  readonly clients: number
  readonly filesRead: number
  readonly bytesRead: number
  readonly lastActivityAt: string | null
}

/** Counts what clients of one file service use; what it knows is in memory only. */
export class UsageCounter {
  readonly #clients = new Set<EventEmitter>()
  #filesRead = 0
  #bytesRead = 0
  #lastActivity: number | undefined

  /** An authorised request came over this connection; whether it was the first one. */
  request(connection: EventEmitter & { readonly destroyed: boolean }): boolean {
    this.#lastActivity = Date.now()
    if (this.#clients.has(connection) || connection.destroyed) return false
    this.#clients.add(connection)
    connection.once("close", () => this.#clients.delete(connection))
    return true
  }

  files(count: number): void {
    this.#filesRead += count
  }

  bytes(count: number): void {
    this.#bytesRead += count
    this.#lastActivity = Date.now()
  }

  snapshot(): Usage {
    const at = this.#lastActivity
    return {
      clients: this.#clients.size,
      filesRead: this.#filesRead,
      bytesRead: this.#bytesRead,
      lastActivityAt: at === undefined ? null : new Date(at).toISOString(),
    }
  }
}
