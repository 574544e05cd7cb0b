import { type Reason, RecoveryError } from "../api/reasons.ts"
import { isBroken } from "../client/download.ts"

/** Codes of the file system after which no other file will fare better. */
const fatal: Readonly<Record<string, readonly [Reason, string]>> = {
  ENOSPC: ["DestinationFull", "There is no room left in the claim."],
  EDQUOT: ["DestinationFull", "The quota of the claim is used up."],
  EROFS: ["DestinationReadOnly", "The claim is mounted read-only."],
}

const codeOf = (error: unknown) => (error as { code?: unknown } | undefined)?.code

/** Whether the whole copy has to stop: all files would meet the same. */
export function isFatal(error: unknown): boolean {
  return goesOn(error) || (error instanceof RecoveryError && error.code === "LoginRefused") || isOfAll(error)
}

const isOfAll = (error: unknown) => !(error instanceof RecoveryError) && Object.hasOwn(fatal, String(codeOf(error)))

/** Whether another call may succeed where this one was stopped, so that what it has done is to be kept. */
export function goesOn(error: unknown): boolean {
  return (error instanceof RecoveryError && error.code === "Interrupted") || isBroken(error)
}

/** A failure of the file system as one of ours. */
export function asReason(error: unknown): RecoveryError {
  if (error instanceof RecoveryError) return error
  const code = String(codeOf(error))
  const [reason, message] = fatal[code] ?? [code === "EACCES" || code === "EPERM" ? "AccessDenied" : "Internal", ""]
  return new RecoveryError(reason, message === "" ? wordsOf(error) : message, { cause: error })
}

/** Without the path, which Node appends as text that a name of any bytes isn't. */
function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/, \w+ '.*$/s, "") : String(error)
}
