import { isOurs } from "./conversion.ts"
import type { Observed } from "./observed.ts"
import type { Removal } from "./plan.ts"
import type { Step } from "./release-steps.ts"

const ASK_MS = 300
const LOOK_MS = 1000

/**
 * Takes down what converted the volume mode of disks, in the order that leaves a driver no open end: pods, claims, their
 * volumes, the temporary snapshots, the temporary contents. A content goes only when its UID is in the status and its
 * deletionPolicy reads Retain; without that nothing is removed that would take it along, because with it would go the
 * user's snapshot.
 */
export function conversionsGone(observed: Observed): Step | undefined {
  const clones = (observed.status.clones ?? []).filter(({ content }) => content !== undefined)
  if (clones.length === 0) return undefined
  const { conversions = [], pods, claims, persistentVolumes, live } = observed
  // a release that begins by itself was not foreseen when these were read
  const unread = clones.some((clone) => !conversions.some(({ claim }) => claim === clone.claim))
  if (unread) return { waitingFor: "Looking for temporary snapshots.", againMs: 0 }
  const contents = clones.flatMap((clone) => {
    const content = conversions.find(({ claim }) => claim === clone.claim)?.content
    return content && isOurs(content, clone) ? [{ ...content, noted: clone.content?.uid === content.uid }] : []
  })
  const snapshots = conversions.flatMap(({ snapshot }) => (snapshot?.ours ? [snapshot] : []))
  if (contents.length + snapshots.length === 0) return undefined

  const dangerous = contents.find(({ retained }) => !retained)
  if (dangerous)
    return {
      waitingFor: `VolumeSnapshotContent ${dangerous.name} no longer has deletionPolicy Retain: its removal would erase the snapshot it shares. Set it to Retain.`,
      againMs: LOOK_MS,
    }
  return (
    gone("Pod", pods) ??
    gone("PersistentVolumeClaim", claims) ??
    volumesGone(persistentVolumes, live) ??
    gone("VolumeSnapshot", snapshots) ??
    contentsGone(contents)
  )
}

function gone(
  kind: Removal["kind"],
  objects: readonly { name: string; uid: string; deleting: boolean; resourceVersion?: string }[],
): Step | undefined {
  const [first, ...others] = objects
  if (!first) return undefined
  return {
    waitingFor: `Waiting until ${kind} ${first.name}${others.length > 0 ? ` and ${others.length} more are` : " is"} gone.`,
    remove: objects
      .filter(({ deleting }) => !deleting)
      .map(({ name, uid, resourceVersion }) => ({ kind, name, uid, ...(resourceVersion && { resourceVersion }) })),
    againMs: ASK_MS,
  }
}

/** Only the API server itself knows whether the volumes are gone. */
function volumesGone(volumes: readonly string[], live: boolean): Step | undefined {
  if (!live) return { waitingFor: "Making sure that the clones are gone.", againMs: ASK_MS }
  if (volumes.length === 0) return undefined
  return { waitingFor: `Waiting until PersistentVolume ${volumes.join(", ")} is gone.`, againMs: LOOK_MS }
}

/** One whose UID isn't in the status yet stays for one more look, at which it is. */
function contentsGone(
  contents: readonly { name: string; uid: string; deleting: boolean; resourceVersion: string; noted: boolean }[],
): Step | undefined {
  const step = gone(
    "VolumeSnapshotContent",
    contents.filter(({ noted }) => noted),
  )
  if (step || contents.length === 0) return step
  return { waitingFor: `VolumeSnapshotContent ${contents[0]?.name} is to be removed.`, againMs: 0 }
}
