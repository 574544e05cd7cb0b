import { RESTORE_LABEL } from "../api/labels.ts"
import type { SessionStatus } from "../api/status.ts"
import { namesOf } from "../children/names.ts"
import type { SessionRef } from "../children/names.ts"
import { isTerminal } from "./finished.ts"
import type { Observed } from "./observed.ts"

/**
 * The status of a session as far as it was written for this very object, and whether a backup tool brought it back. One
 * that a restore brought along names the attachment of another UID: pods, clones and times in it are another session's,
 * which may still be there, so none of it is believed. What has ended is believed: it only tells.
 */
export function recognise(
  session: SessionRef,
  status: SessionStatus,
  labels: Readonly<Record<string, string>> = {},
): { status: SessionStatus } & Pick<Observed["session"], "restored"> {
  const by = labels[RESTORE_LABEL]
  const { base } = namesOf(session)
  const isForeign = !isTerminal(status) && (status.attachment?.name ?? base) !== base
  if (by === undefined && !isForeign) return { status }
  return { status: isForeign ? {} : status, restored: by === undefined ? {} : { by } }
}
