/** How far apart the clocks of two nodes may be, milliseconds: docs/decisions/clock-skew.md. */
export const MAX_SKEW_MS = 5 * 60_000

/**
 * Certificates begin this much before they are issued, and those of a session end this much after its hard end,
 * milliseconds: clocks may be apart, and a session that lasts to its end is released after it.
 */
export const LEAF_MARGIN_MS = 10 * 60_000
