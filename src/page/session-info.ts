/** What the program behind the page says of the session (src/cli/browse/session.ts). */
export interface SessionInfo {
  readonly name: string
  readonly phase: string
  /** ISO 8601; absent where it doesn't end by itself. */
  readonly expiresAt?: string
  readonly recoveryPoint?: string
  /** Whether it can be made longer from here, and ended. */
  readonly canExtend: boolean
  readonly canUnmount: boolean
  /** Where documents are shown: an origin that serves nothing else. */
  readonly documents: string
}
