import type { ObservedSnapshot } from "./observed.ts"
import { verdict } from "./verdict.ts"
import type { Verdict } from "./verdict.ts"

/** What must be true of a VolumeSnapshot before it is cloned. */
type SnapshotCheck = (snapshot: ObservedSnapshot, namespace: string) => Verdict | undefined

const title = ({ name }: ObservedSnapshot) => `VolumeSnapshot ${name}`

const beingDeleted: SnapshotCheck = (snapshot) =>
  snapshot.deleting ? verdict("SnapshotNotFound", `${title(snapshot)} is being deleted.`) : undefined

const failed: SnapshotCheck = (snapshot) =>
  !snapshot.ready && snapshot.error !== undefined
    ? verdict("SnapshotNotReady", `${title(snapshot)} failed: ${snapshot.error}`)
    : undefined

const notReady: SnapshotCheck = (snapshot) =>
  snapshot.ready && snapshot.takenAt !== undefined
    ? undefined
    : verdict("SnapshotNotReady", `${title(snapshot)} is not readyToUse yet.`)

/**
 * Anybody may make a VolumeSnapshot that names somebody else's content. The content says whom it belongs to, and a
 * snapshot recreated under the same name is another: namespace, name and UID must all be this one's. Such a snapshot
 * never becomes ready, so this speaks before the checks that wait; a content without a UID is about to be bound.
 */
const foreignContent: SnapshotCheck = (snapshot, namespace) => {
  const owner = snapshot.content?.snapshot
  if (!owner) return undefined
  const ours = owner.namespace === namespace && owner.name === snapshot.name
  return ours && (owner.uid === undefined || owner.uid === snapshot.uid) ? undefined : notBound(snapshot)
}

const unbound: SnapshotCheck = (snapshot) => {
  if (snapshot.contentName === undefined)
    return verdict("SnapshotNotReady", `${title(snapshot)} is not bound to a content yet.`)
  return snapshot.content?.snapshot.uid === undefined ? notBound(snapshot) : undefined
}

// its name stands in the snapshot; whether it exists is none of the requester's business
const notBound = (snapshot: ObservedSnapshot) =>
  verdict(
    "SnapshotNotBound",
    `${title(snapshot)} names VolumeSnapshotContent ${snapshot.contentName}, which does not exist or belongs to another VolumeSnapshot.`,
  )

/** A clone of another volume mode is made through a content of our own, which takes what the driver calls the snapshot. */
const handleUnknown: SnapshotCheck = (snapshot) =>
  needsConversion(snapshot) && snapshot.content?.snapshotHandle === undefined
    ? verdict("SnapshotNotReady", `VolumeSnapshotContent ${snapshot.contentName} has no snapshotHandle yet.`)
    : undefined

const sizeUnknown: SnapshotCheck = (snapshot) =>
  sizeOf(snapshot) === undefined
    ? verdict("SnapshotNotReady", `${title(snapshot)} does not say its restoreSize.`)
    : undefined

const chain = [beingDeleted, foreignContent, failed, notReady, unbound, handleUnknown, sizeUnknown]
const withoutContent = [beingDeleted, failed, notReady, sizeUnknown]

/** Disks are cloned as block devices: a snapshot of a claim of the other mode only after its mode is converted. */
export function needsConversion({ content }: ObservedSnapshot): boolean {
  return content?.sourceVolumeMode === "Filesystem"
}

/** How large the clone must be. A conversion goes by what the content says: nobody but the driver writes there. */
export function sizeOf(snapshot: ObservedSnapshot): string | undefined {
  return (needsConversion(snapshot) ? snapshot.content?.restoreSize : undefined) ?? snapshot.restoreSize
}

/** Why this snapshot can't be cloned, if it can't. Who may not read contents goes by what the snapshot itself says. */
export function whyNotClonable(
  snapshot: ObservedSnapshot,
  namespace: string,
  { mayReadContents = true } = {},
): Verdict | undefined {
  for (const check of mayReadContents ? chain : withoutContent) {
    const found = check(snapshot, namespace)
    if (found) return found
  }
  return undefined
}
