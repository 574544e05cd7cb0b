import { MINUTE } from "../api/duration.ts"
import type { SessionSpec } from "../api/spec.ts"
import type { Instant, ObservedSnapshot } from "./observed.ts"
import { instant, timestamp } from "./time.ts"
import { isVerdict, verdict } from "./verdict.ts"
import type { Verdict } from "./verdict.ts"

/** Snapshots of several claims make one recovery point if they were taken within this time of each other. */
const MAX_SKEW = 5 * MINUTE

/** A snapshot that could be chosen, with the time it was taken. */
interface Candidate {
  snapshot: ObservedSnapshot
  at: Instant
}

/** One snapshot per disk, in the order of the spec, of several points one point after the other; or why there is none. */
export function chooseRecoveryPoint(
  spec: SessionSpec,
  snapshots: readonly ObservedSnapshot[],
): ObservedSnapshot[] | Verdict {
  const { volumeSnapshots, persistentVolumeClaims } = spec.source
  if (volumeSnapshots)
    return byName(
      volumeSnapshots.map(({ name }) => name),
      snapshots,
    )
  const claims = (persistentVolumeClaims ?? []).map(({ name }) => name)
  return spec.recoveryPoints
    ? ofEachPoint(claims, spec.recoveryPoints, snapshots)
    : ofClaims(claims, spec.recoveryPoint, snapshots)
}

/** Each point as if it were the only one; none may have a snapshot of another. */
function ofEachPoint(
  claims: readonly string[],
  points: readonly SessionSpec["recoveryPoint"][],
  snapshots: readonly ObservedSnapshot[],
): ObservedSnapshot[] | Verdict {
  const chosen: ObservedSnapshot[] = []
  for (const [index, point] of points.entries()) {
    const found = ofClaims(claims, point, snapshots)
    if (isVerdict(found)) return verdict(found.reason, `Recovery point ${index + 1}: ${found.message}`)
    const again = found.find(({ uid }) => chosen.some((one) => one.uid === uid))
    if (again) {
      const first = Math.floor(chosen.findIndex(({ uid }) => uid === again.uid) / claims.length) + 1
      return verdict(
        "RecoveryPointsEqual",
        `Recovery points ${first} and ${index + 1} would both be VolumeSnapshot ${again.name}.`,
      )
    }
    chosen.push(...found)
  }
  return chosen
}

/** Which point a disk is of, from 1; undefined where there is one. */
export function pointOf(spec: SessionSpec, disk: number): number | undefined {
  const claims = spec.source.persistentVolumeClaims?.length ?? 0
  return spec.recoveryPoints && claims > 0 ? Math.floor(disk / claims) + 1 : undefined
}

function byName(names: readonly string[], snapshots: readonly ObservedSnapshot[]): ObservedSnapshot[] | Verdict {
  const chosen: ObservedSnapshot[] = []
  for (const name of names) {
    const found = snapshots.find((one) => one.name === name)
    if (!found) return verdict("SnapshotNotFound", `There is no VolumeSnapshot ${name} in this namespace.`)
    chosen.push(found)
  }
  return chosen
}

function ofClaims(
  claims: readonly string[],
  { name, notAfter }: SessionSpec["recoveryPoint"],
  snapshots: readonly ObservedSnapshot[],
): ObservedSnapshot[] | Verdict {
  const latest = instant(notAfter) ?? Number.POSITIVE_INFINITY
  const ofEach = claims.map((claim) => candidates(claim, snapshots))
  for (const [index, all] of ofEach.entries()) {
    const claim = claims[index] ?? ""
    const missing = whyNone(claim, all, latest, snapshots)
    if (missing) return missing
  }
  const named = name === undefined ? undefined : pinned(name, claims, ofEach, snapshots)
  if (named && "reason" in named) return named
  const found = newestSet(ofEach, latest, named)
  if (found) return found
  const unready = snapshots.find((one) => claims.includes(one.claimName ?? "") && !one.ready && !one.deleting)
  if (unready) return verdict("SnapshotNotReady", `VolumeSnapshot ${unready.name} is not readyToUse yet.`)
  const which = name === undefined ? "" : ` together with VolumeSnapshot ${name}`
  return verdict(
    "NoCommonRecoveryPoint",
    `The claims ${claims.join(", ")} have no snapshots taken within 5 minutes of each other${which}.`,
  )
}

/** Snapshots of a claim that are ready, the newest first. The claim itself may be gone. */
function candidates(claim: string, snapshots: readonly ObservedSnapshot[]): Candidate[] {
  return snapshots
    .filter((one) => one.claimName === claim && one.ready && !one.deleting)
    .flatMap((snapshot) => {
      const at = instant(snapshot.takenAt)
      return at === undefined ? [] : [{ snapshot, at }]
    })
    .sort((a, b) => b.at - a.at || (a.snapshot.name < b.snapshot.name ? -1 : 1))
}

function whyNone(
  claim: string,
  all: readonly Candidate[],
  latest: Instant,
  snapshots: readonly ObservedSnapshot[],
): Verdict | undefined {
  if (all.some(({ at }) => at <= latest)) return undefined
  const oldest = all.at(-1)
  if (oldest)
    return verdict(
      "NoRecoveryPointInTime",
      `The oldest recovery point of claim ${claim} is VolumeSnapshot ${oldest.snapshot.name} of ${timestamp(oldest.at)}, after ${timestamp(latest)}.`,
    )
  const unready = snapshots.find((one) => one.claimName === claim && !one.deleting)
  if (!unready) return verdict("NoRecoveryPoint", `There is no VolumeSnapshot of claim ${claim} in this namespace.`)
  const why = unready.error === undefined ? "is not readyToUse yet" : `failed: ${unready.error}`
  return verdict("SnapshotNotReady", `VolumeSnapshot ${unready.name} of claim ${claim} ${why}.`)
}

/** The snapshot named as the recovery point, and the place of its claim. */
function pinned(
  name: string,
  claims: readonly string[],
  ofEach: readonly Candidate[][],
  snapshots: readonly ObservedSnapshot[],
): { disk: number; candidate: Candidate } | Verdict {
  const snapshot = snapshots.find((one) => one.name === name)
  if (!snapshot) return verdict("SnapshotNotFound", `There is no VolumeSnapshot ${name} in this namespace.`)
  const disk = claims.indexOf(snapshot.claimName ?? "")
  if (disk < 0) return verdict("NoRecoveryPoint", `VolumeSnapshot ${name} is not of ${claims.join(", ")}.`)
  const candidate = ofEach[disk]?.find((one) => one.snapshot.name === name)
  return candidate ? { disk, candidate } : verdict("SnapshotNotReady", `VolumeSnapshot ${name} is not readyToUse yet.`)
}

/**
 * The set whose newest member is the newest: each snapshot in turn, newest first, is tried as the end of a window of
 * MAX_SKEW in which every claim must have one. With a named snapshot only windows that hold it count, and the closest
 * snapshots of the other claims are taken.
 */
function newestSet(
  ofEach: readonly Candidate[][],
  latest: Instant,
  named: { disk: number; candidate: Candidate } | undefined,
): ObservedSnapshot[] | undefined {
  const ends = [...new Set(ofEach.flat().map(({ at }) => at))].filter((at) => at <= latest).sort((a, b) => b - a)
  const usable = named ? ends.filter((end) => holds(end, named.candidate.at)).toReversed() : ends
  for (const end of usable) {
    const set = ofEach.map((all, disk) => {
      if (named?.disk === disk) return named.candidate
      const inside = all.filter(({ at }) => holds(end, at))
      return named ? inside.toSorted((a, b) => distance(a, named) - distance(b, named))[0] : inside[0]
    })
    if (set.every((one) => one !== undefined)) return set.map(({ snapshot }) => snapshot)
  }
  return undefined
}

const holds = (end: Instant, at: Instant) => at <= end && at >= end - MAX_SKEW
const distance = ({ at }: Candidate, named: { candidate: Candidate }) => Math.abs(at - named.candidate.at)
