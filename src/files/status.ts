import { RecoveryError, type Reason } from "../api/reasons.ts"
import type { Problem } from "./schemas.ts"

/** HTTP status of each reason the file service can answer with; anything else is 500. */
const statuses: Partial<Record<Reason, number>> = {
  UsageError: 400,
  UnsafePath: 400,
  LoginRefused: 401,
  AccessDenied: 403,
  PathNotFound: 404,
  NotADirectory: 409,
  IsADirectory: 409,
  VolumeLocked: 409,
  VolumeUnsupported: 409,
  VolumeCorrupt: 409,
  VolumeIncomplete: 409,
  OverlayFull: 409,
  RangeNotSatisfiable: 416,
  Busy: 429,
  ConnectionLost: 503,
  GuestFailed: 503,
  NotReady: 503,
  Releasing: 503,
}

/** The HTTP status of a reason, 500 for those no client can do anything about. */
export function httpStatus(code: Reason): number {
  return statuses[code] ?? 500
}

/** What the client is told. The message of an error nobody foresaw stays in the log: it could say anything. */
export function problemOf(error: unknown): Problem {
  return error instanceof RecoveryError
    ? { code: error.code, message: error.message.slice(0, 4096) }
    : { code: "Internal", message: "The file service failed; its log says why." }
}
