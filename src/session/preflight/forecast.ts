import type { SessionSpec } from "../../api/spec.ts"
import { namesOf } from "../../children/names.ts"
import type { SessionRef } from "../../children/names.ts"
import type { ObservedSnapshot, ObservedSources } from "../observed.ts"
import { chooseRecoveryPoint } from "../recovery-point.ts"
import { needsConversion, sizeOf, whyNotClonable } from "../snapshot-checks.ts"
import { chooseStorageClass } from "../storage-class.ts"
import { isVerdict } from "../verdict.ts"
import type { Verdict } from "../verdict.ts"
import type { PlannedClone } from "./observed.ts"

/** What a session would be made of, as far as it is known. */
export interface Forecast {
  disks: ForecastDisk[]
  problems: Verdict[]
}

export interface ForecastDisk {
  recoveryPoint: { name: string; time?: string }
  clone: PlannedClone
}

/** Whether objects of a kind could not be read. */
export type IsUnread = (kind: "VolumeSnapshot" | "VolumeSnapshotContent" | "StorageClass") => boolean

/**
 * The choice the operator would make, as somebody with fewer rights can foresee it. With all rights it is the same choice;
 * from what could not be read nothing is concluded.
 */
export function forecast(
  spec: SessionSpec,
  session: SessionRef,
  sources: ObservedSources,
  isUnread: IsUnread,
): Forecast {
  if (isUnread("VolumeSnapshot")) return { disks: [], problems: [] }
  const snapshots = chooseRecoveryPoint(spec, sources.snapshots)
  if (isVerdict(snapshots)) return { disks: [], problems: [snapshots] }
  const wanted = spec.source.volumeSnapshots ?? spec.source.persistentVolumeClaims ?? []
  const found = snapshots.map((snapshot, index) => {
    const { name: disk = snapshot.name, storageClassName: named } = wanted[index % wanted.length] ?? {}
    const mayReadContents = !isUnread("VolumeSnapshotContent")
    const chosen =
      whyNotClonable(snapshot, session.namespace, { mayReadContents }) ??
      classOf(named, snapshot, sources, mayReadContents && !isUnread("StorageClass"))
    const clone = { disk, ...planned(snapshot, session, index), ...(!isVerdict(chosen) && chosen) }
    const time = snapshot.takenAt !== undefined && { time: snapshot.takenAt }
    return { disk: { recoveryPoint: { name: snapshot.name, ...time }, clone }, problem: chosen }
  })
  return {
    disks: found.map(({ disk }) => disk),
    problems: found.map(({ problem }) => problem).filter((problem) => isVerdict(problem)),
  }
}

function planned(snapshot: ObservedSnapshot, session: SessionRef, index: number) {
  const names = namesOf(session)
  const isConverted = needsConversion(snapshot)
  const driver = snapshot.content?.driver
  return {
    claim: names.claim(index),
    snapshot: isConverted ? names.snapshot(index) : snapshot.name,
    isConverted,
    size: sizeOf(snapshot) ?? "0",
    ...(driver !== undefined && { driver }),
  }
}

/** Without knowing the classes or the driver: the class that is named, or the claim's, which is most often the one. */
function classOf(
  named: string | undefined,
  snapshot: ObservedSnapshot,
  sources: ObservedSources,
  isKnown: boolean,
): Pick<PlannedClone, "storageClassName"> | Verdict {
  if (isKnown) {
    const chosen = chooseStorageClass(named, snapshot, sources)
    return isVerdict(chosen) ? chosen : { storageClassName: chosen.name }
  }
  const ofClaim = sources.claims.find(({ name }) => name === snapshot.claimName)?.storageClassName
  const storageClassName = named ?? ofClaim
  return storageClassName === undefined ? {} : { storageClassName }
}
