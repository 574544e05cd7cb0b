import { type Reason, reasonOf } from "../api/reasons.ts"

/** Exit codes of kubectl-recover. Scripts may rely on them. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  notReady: 4,
  refused: 5,
  differs: 6,
  interrupted: 130,
  outputClosed: 141,
} as const

export const exitHelp = `
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 not ready or timed out, 5 refused or forbidden, 6 compared and
different, 130 interrupted, 141 nobody reads the output any more.`

const codes: Partial<Record<Reason, number>> = {
  UsageError: exitCodes.usage,
  SpecInvalid: exitCodes.usage,
  StorageClassAmbiguous: exitCodes.usage,
  StorageClassUnfit: exitCodes.usage,
  RecoveryPointsEqual: exitCodes.usage,
  PathNotFound: exitCodes.notFound,
  SessionNotFound: exitCodes.notFound,
  SnapshotNotFound: exitCodes.notFound,
  NoRecoveryPoint: exitCodes.notFound,
  NoRecoveryPointInTime: exitCodes.notFound,
  NoCommonRecoveryPoint: exitCodes.notFound,
  StorageClassNotFound: exitCodes.notFound,
  NotReady: exitCodes.notReady,
  SnapshotNotReady: exitCodes.notReady,
  DriverMissing: exitCodes.notReady,
  KvmUnavailable: exitCodes.notReady,
  Busy: exitCodes.notReady,
  PendingTimeout: exitCodes.notReady,
  ApiUnavailable: exitCodes.notReady,
  Releasing: exitCodes.notReady,
  UnmountRequested: exitCodes.notReady,
  SessionDeleted: exitCodes.notReady,
  TtlEnded: exitCodes.notReady,
  Forbidden: exitCodes.refused,
  AccessDenied: exitCodes.refused,
  LoginRefused: exitCodes.refused,
  UnsafePath: exitCodes.refused,
  PolicyMissing: exitCodes.refused,
  QuotaExceeded: exitCodes.refused,
  PodRefused: exitCodes.refused,
  ClaimRefused: exitCodes.refused,
  SnapshotNotBound: exitCodes.refused,
  ReclaimPolicyRetain: exitCodes.refused,
  ContentDiffers: exitCodes.differs,
  Interrupted: exitCodes.interrupted,
}

/** The exit code for an error: by its reason, 1 for all others. */
export function exitCodeOf(error: unknown): number {
  return codes[reasonOf(error)] ?? exitCodes.failed
}
