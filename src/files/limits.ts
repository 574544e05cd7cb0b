/** What one client, or all together, may take. The defaults suit one person, a few scripts and a page. */
export interface FileServiceLimits {
  /** Open TCP connections; more are closed at once. */
  readonly connections: number
  /** Requests being answered at the same time; more get 429. */
  readonly requests: number
  /** Archives and manifests being made, and searches, at the same time: each holds one of the guest's ports. */
  readonly archives: number
  readonly searches: number
  /** Directories kept open between two pages of their listing. */
  readonly openListings: number
  /** A client that takes no byte for this long is cut off (milliseconds). */
  readonly stallMs: number
  /** Time for the TLS handshake, and for all headers of a request (milliseconds). */
  readonly handshakeMs: number
  readonly headersMs: number
  /** A connection without a request is closed after this (milliseconds). */
  readonly idleMs: number
}

export const defaultLimits: FileServiceLimits = {
  connections: 128,
  requests: 64,
  archives: 4,
  searches: 2,
  openListings: 16,
  stallMs: 60_000,
  handshakeMs: 10_000,
  headersMs: 15_000,
  idleMs: 65_000,
}

/** Largest request head in bytes: a path of 4096 bytes, each written %XX, and the usual headers. */
export const maxHeadBytes = 24 * 1024
/** Entries in one page of a listing. */
export const maxPage = 5000
export const defaultPage = 1000
/** Matches of one search. */
export const maxMatches = 1_000_000
export const defaultMatches = 10_000
