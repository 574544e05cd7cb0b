import type { Removal } from "./plan.ts"

/** An object that was made for a session that is gone. */
export interface Orphan {
  kind: Removal["kind"]
  name: string
  uid: string
  resourceVersion: string
  deleting: boolean
  /** Of a VolumeSnapshotContent: its deletionPolicy is Retain. */
  retained?: boolean
}

/** What is left of one session that is gone, read just now. */
export interface Remains {
  orphans: Orphan[]
  /** PersistentVolumes of its clones that a driver is to delete. */
  volumes: string[]
}

/** What is done about it now. */
export interface Collection {
  remove: Removal[]
  /** There will be more to do. */
  waits: boolean
  /** Why it can't go on, and what somebody has to do about it. */
  problem?: string
}

/**
 * The order of a release, without anybody to ask: pods, which release when they are told to end; claims, and where a
 * volume mode was converted their volumes; temporary snapshots; contents; the attachment with the Secrets it owns; what
 * guarded the pods. Each begins when the one before is gone. A content that does not retain stops it before anything goes
 * that would take the content along: the snapshot, or the attachment, which owns that.
 */
export function collect({ orphans, volumes }: Remains): Collection {
  const gone = (...kinds: Removal["kind"][]) => remove(orphans.filter(({ kind }) => kinds.includes(kind)))
  return (
    gone("Pod") ??
    gone("PersistentVolumeClaim") ??
    (volumes.length > 0 ? { remove: [], waits: true } : undefined) ??
    danger(orphans) ??
    gone("VolumeSnapshot") ??
    gone("VolumeSnapshotContent") ??
    gone("FileRecoveryAttachment") ??
    gone("Service", "NetworkPolicy") ?? { remove: [], waits: false }
  )
}

function remove(orphans: readonly Orphan[]): Collection | undefined {
  if (orphans.length === 0) return undefined
  const left = orphans.filter(({ deleting }) => !deleting)
  return {
    remove: left.map(({ kind, name, uid, resourceVersion }) => ({
      kind,
      name,
      uid,
      // only as it was read: with Retain
      ...(kind === "VolumeSnapshotContent" && { resourceVersion }),
    })),
    waits: true,
  }
}

function danger(orphans: readonly Orphan[]): Collection | undefined {
  const content = orphans.find(({ retained }) => retained === false)
  if (!content) return undefined
  const problem = `VolumeSnapshotContent ${content.name} does not have deletionPolicy Retain: its removal would erase the snapshot it shares. Set it to Retain.`
  return { remove: [], waits: false, problem }
}
