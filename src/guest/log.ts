import type { Logger } from "pino"

/** What this room needs of a logger. */
export type GuestLog = Pick<Logger, "debug" | "info" | "warn">
