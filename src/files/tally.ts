import type { UsageCounter } from "./usage.ts"

/** What one answer sent, counted for the session's usage as it goes, and for the audit at its end. */
export class Tally {
  readonly #usage: UsageCounter
  bytes = 0
  /** Files, or matches of a search. */
  count = 0

  constructor(usage: UsageCounter) {
    this.#usage = usage
  }

  sent(bytes: number): void {
    this.bytes += bytes
    this.#usage.bytes(bytes)
  }

  files(count: number): void {
    this.count += count
    this.#usage.files(count)
  }

  matches(count: number): void {
    this.count += count
  }
}
