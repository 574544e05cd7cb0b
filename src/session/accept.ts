import type { CloneStatus, RecoveryPoint } from "../api/status.ts"
import { namesOf } from "../children/names.ts"
import type { Observed } from "./observed.ts"
import { blockers, together } from "./preflight/checks.ts"
import { chooseRecoveryPoint, pointOf } from "./recovery-point.ts"
import { needsConversion, sizeOf, whyNotClonable } from "./snapshot-checks.ts"
import { chooseStorageClass } from "./storage-class.ts"
import { instant, timestamp } from "./time.ts"
import { isVerdict, verdict } from "./verdict.ts"
import type { Verdict } from "./verdict.ts"

/** What is to be cloned, one of each per disk. */
export interface Choice {
  recoveryPoints: RecoveryPoint[]
  clones: CloneStatus[]
}

/** Chooses what to clone and how, or says what stands in the way: of the choice, or of what would be made then. */
export function accept(observed: Observed): Choice | Verdict {
  const choice = choose(observed)
  if (isVerdict(choice) || !observed.preflight) return choice
  return together(blockers(observed.preflight)) ?? choice
}

function choose(observed: Observed): Choice | Verdict {
  const { spec, policiesMissing, sources, session } = observed
  if (policiesMissing.length > 0)
    return verdict(
      "PolicyMissing",
      `These are missing or refuse nothing: ${policiesMissing.join(", ")}. Without them nobody is kept from misusing a session.`,
    )
  if (!spec) return verdict("SpecInvalid", observed.specProblem ?? "The spec is not valid.")
  const snapshots = chooseRecoveryPoint(spec, sources.snapshots)
  if (isVerdict(snapshots)) return snapshots
  const disks = spec.source.volumeSnapshots ?? spec.source.persistentVolumeClaims ?? []
  const names = namesOf(session)
  const choice: Choice = { recoveryPoints: [], clones: [] }
  for (const [index, snapshot] of snapshots.entries()) {
    const problem = whyNotClonable(snapshot, session.namespace)
    if (problem) return problem
    const { name: disk = snapshot.name, storageClassName } = disks[index % disks.length] ?? {}
    const storageClass = chooseStorageClass(storageClassName, snapshot, sources)
    if (isVerdict(storageClass)) return storageClass
    const time = timestamp(instant(snapshot.takenAt) ?? 0)
    const { name, uid } = snapshot
    const point = pointOf(spec, index)
    choice.recoveryPoints.push({ disk, kind: "VolumeSnapshot", name, uid, time, ...(point !== undefined && { point }) })
    choice.clones.push({
      claim: names.claim(index),
      storageClassName: storageClass.name,
      size: sizeOf(snapshot) ?? "0",
      ...(needsConversion(snapshot) && { snapshot: names.snapshot(index), content: { name: names.snapshot(index) } }),
    })
  }
  return choice
}
