import { humanBytes } from "../../api/bytes.ts"
import { isReason, RecoveryError } from "../../api/reasons.ts"
import type { FileRecoverySession } from "../../api/session.ts"

/** What was released, as the object keeps it, in one line. */
export function releaseSummary({ metadata, status }: FileRecoverySession): string {
  const { release, clones = [], phase = "" } = status ?? {}
  const facts = [
    `${clones.length} ${clones.length === 1 ? "clone" : "clones"} removed`,
    release?.initiatorsAtRelease === undefined ? undefined : `${release.initiatorsAtRelease} initiators left`,
    release?.bytesServed === undefined ? undefined : `${humanBytes(release.bytesServed)} served`,
    release?.filesRead === undefined ? undefined : `${release.filesRead} files read`,
    release?.writeAttempts === undefined ? undefined : `${release.writeAttempts} writes refused`,
    release?.sourceVerified === undefined ? undefined : `source ${release.sourceVerified ? "" : "NOT "}verified`,
  ]
  return `${metadata.namespace}/${metadata.name} ${phase}: ${facts.filter((fact) => fact !== undefined).join(", ")}\n`
}

/** A source that was to be verified and was not. */
export function failureOfRelease({ status }: FileRecoverySession): RecoveryError | undefined {
  const verified = status?.conditions?.find(({ type }) => type === "SourceVerified")
  if (!verified || verified.status === "True") return undefined
  return new RecoveryError(isReason(verified.reason) ? verified.reason : "SourceNotVerified", verified.message)
}
