import { inUse } from "./clones.ts"
import { nobodyReads } from "./idle.ts"
import type { Instant, Observed } from "./observed.ts"
import { expiry, started } from "./time.ts"
import { verdict } from "./verdict.ts"
import type { Verdict } from "./verdict.ts"

/** Each check looks at one thing and says what follows; the first that speaks decides, so order is precedence. */
export type Check = (observed: Observed, now: Instant) => Verdict | undefined

const begun: Check = ({ status: { release } }) =>
  release && { reason: release.reason as Verdict["reason"], message: release.message ?? "" }

const deleted: Check = ({ session }) =>
  session.deleting ? verdict("SessionDeleted", "The session was deleted.") : undefined

/** What it says of itself was written for another object, whose credentials and clones are none of this one's. */
const restored: Check = ({ session, status }) => {
  if (!session.restored || status.startedAt !== undefined) return undefined
  const { by } = session.restored
  const who = by === undefined ? "A backup tool" : `Restore ${by}`
  return verdict("Restored", `${who} brought this session back from a backup. Nothing was opened for it.`)
}

const unmountAsked: Check = ({ spec }) =>
  spec?.desiredState === "Unmounted" ? verdict("UnmountRequested", "spec.desiredState is Unmounted.") : undefined

const timeIsUp: Check = (observed, now) => {
  const startedAt = started(observed.status, now)
  if (startedAt === undefined || now < expiry(startedAt, observed)) return undefined
  return verdict(
    "TtlEnded",
    `The session's time, ${observed.spec?.ttl ?? "12h"} from ${observed.status.startedAt}, is over.`,
  )
}

const specInvalid: Check = ({ spec, specProblem }) =>
  spec === undefined ? verdict("SpecInvalid", specProblem ?? "The spec is not valid.") : undefined

const attachmentLost: Check = ({ status, attachment }) => {
  if (!status.attachment) return undefined
  const { name, uid } = status.attachment
  if (attachment?.uid === uid && !attachment.deleting) return undefined
  return verdict(
    "AttachmentLost",
    `FileRecoveryAttachment ${name}, which owns everything of this session, was deleted.`,
  )
}

const cloneLost: Check = ({ status, claims }) => {
  const lost = inUse(status.clones ?? []).find(({ claim, persistentVolume }) => {
    const found = claims.find(({ name }) => name === claim)
    return found ? found.deleting || found.phase === "Lost" : persistentVolume !== undefined
  })
  return (
    lost &&
    verdict("CloneLost", `PersistentVolumeClaim ${lost.claim}, the clone of a disk, was deleted or lost its volume.`)
  )
}

/** Why a session has to end, if it has to. */
export const whyRelease: Check[] = [
  begun,
  deleted,
  restored,
  unmountAsked,
  timeIsUp,
  specInvalid,
  attachmentLost,
  cloneLost,
  nobodyReads,
]

/** The first verdict of a chain. */
export function firstOf(chain: readonly Check[], observed: Observed, now: Instant): Verdict | undefined {
  for (const check of chain) {
    const found = check(observed, now)
    if (found) return found
  }
  return undefined
}
