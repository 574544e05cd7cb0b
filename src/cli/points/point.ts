import { sessionSpec } from "../../api/spec.ts"
import type { ObservedSnapshot, ObservedSources } from "../../session/observed.ts"
import { forecast, type IsUnread } from "../../session/preflight/forecast.ts"
import { chooseRecoveryPoint } from "../../session/recovery-point.ts"
import { instant } from "../../session/time.ts"
import { isVerdict, type Verdict } from "../../session/verdict.ts"

/** A snapshot that is or could be a recovery point, as `points -o json` prints it. */
export interface Point {
  /** The claim it was taken of; absent for one made of an existing content. */
  readonly claim?: string
  /** Whether that claim is still there; absent where claims may not be read. */
  readonly claimExists?: boolean
  readonly snapshot: string
  /** RFC 3339; absent while the driver hasn't said. */
  readonly takenAt?: string
  /** A quantity: what the clone is asked for. */
  readonly size?: string
  readonly driver?: string
  /** Block, Filesystem; absent where it isn't known. */
  readonly volumeMode?: string
  /** The clone's class. */
  readonly storageClassName?: string
  readonly ready: boolean
  readonly usable: boolean
  /** Why not, with what to do. */
  readonly reason?: string
  readonly message?: string
  /** What `create --from pvc/CLAIM` would take, of the claims that were named. */
  readonly chosen?: boolean
}

export interface PointsWanted {
  readonly namespace: string
  /** Only these claims; none: all. */
  readonly claims: readonly string[]
  /** Only what was taken then or before (RFC 3339). */
  readonly notAfter?: string
}

/** The points of a namespace or of claims, newest first, and with claims named what would be taken, or why nothing. */
export function pointsOf(
  sources: ObservedSources,
  { namespace, claims, notAfter }: PointsWanted,
  isUnread: IsUnread,
  claimsUnread: boolean,
): { points: Point[]; none?: Verdict } {
  const latest = instant(notAfter) ?? Number.POSITIVE_INFINITY
  const wanted = sources.snapshots.filter(
    ({ claimName, takenAt }) =>
      (claims.length === 0 || claims.includes(claimName ?? "")) &&
      (instant(takenAt) ?? Number.MAX_SAFE_INTEGER) <= latest,
  )
  const choice = claims.length === 0 ? [] : choose(claims, notAfter, sources)
  const chosen = isVerdict(choice) ? [] : choice.map(({ name }) => name)
  const existing = new Set(sources.claims.map(({ name }) => name))
  const points = wanted
    .sort(newestFirst)
    .map((snapshot): Point => ({
      ...pointOf(snapshot, namespace, sources, isUnread),
      ...(snapshot.claimName !== undefined && !claimsUnread && { claimExists: existing.has(snapshot.claimName) }),
      ...(claims.length > 0 && { chosen: chosen.includes(snapshot.name) }),
    }))
  return isVerdict(choice) ? { points, none: choice } : { points }
}

function choose(claims: readonly string[], notAfter: string | undefined, sources: ObservedSources) {
  const source = { persistentVolumeClaims: claims.map((name) => ({ name })) }
  const spec = sessionSpec.parse({ source, recoveryPoint: notAfter === undefined ? {} : { notAfter } })
  return chooseRecoveryPoint(spec, sources.snapshots)
}

function pointOf(snapshot: ObservedSnapshot, namespace: string, sources: ObservedSources, isUnread: IsUnread): Point {
  const spec = sessionSpec.parse({ source: { volumeSnapshots: [{ name: snapshot.name }] } })
  // nothing is made of it, so the session needs no name
  const session = { namespace, name: "", uid: "" }
  const { disks, problems } = forecast(spec, session, { ...sources, snapshots: [snapshot] }, isUnread)
  const { size = "0", driver, storageClassName } = disks[0]?.clone ?? {}
  const volumeMode = snapshot.content?.sourceVolumeMode
  const [problem] = problems
  return {
    ...(snapshot.claimName !== undefined && { claim: snapshot.claimName }),
    snapshot: snapshot.name,
    ...(snapshot.takenAt !== undefined && { takenAt: snapshot.takenAt }),
    ...(size !== "0" && { size }),
    ...(driver !== undefined && { driver }),
    ...(volumeMode !== undefined && { volumeMode }),
    ...(storageClassName !== undefined && { storageClassName }),
    ready: snapshot.ready && !snapshot.deleting,
    usable: problem === undefined,
    ...problem,
  }
}

/** By claim, then by time; what has no time yet is the newest. */
function newestFirst(a: ObservedSnapshot, b: ObservedSnapshot): number {
  const order = compare(a.claimName ?? "", b.claimName ?? "")
  const time = (one: ObservedSnapshot) => instant(one.takenAt) ?? Number.MAX_SAFE_INTEGER
  return order || time(b) - time(a) || compare(a.name, b.name)
}

const compare = (a: string, b: string) => (a < b ? -1 : Number(a > b))
