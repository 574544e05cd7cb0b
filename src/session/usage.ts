import type { SessionStatus, UsageStatus } from "../api/status.ts"
import type { Instant, Observed } from "./observed.ts"
import { instant, timestamp } from "./time.ts"

/** A write of the status brings the next look at the session: numbers that always change must not always be written. */
const REFRESH_MS = 15_000
/** Each look asks the API server and two pods. With this many milliseconds per session it is 20 looks a second at most. */
const SHARE_MS = 50

/** How often a session that is Ready is looked at for its numbers, in milliseconds: more rarely where there are hundreds. */
export function everyMs({ inProgress = 1 }: Pick<Observed, "inProgress">): number {
  return Math.max(REFRESH_MS, inProgress * SHARE_MS)
}

/** The numbers of the pods; as they were while they are fresh enough or nothing was heard. */
export function usage({ status, target, restore }: Observed, now: Instant): UsageStatus | undefined {
  const before = status.usage
  const seen = instant(before?.observedAt)
  if (seen !== undefined && now < seen + REFRESH_MS) return before
  const heard = {
    ...(target &&
      "report" in target && { initiators: target.report.initiators, bytesServed: target.report.bytesServed }),
    ...(restore && "report" in restore && restore.report.usage),
  }
  const next = { ...before, ...heard }
  const { observedAt: _, ...known } = before ?? {}
  const { observedAt: __, ...news } = next
  if (Object.keys(heard).length === 0 || same(known, news)) return before
  return { ...news, observedAt: timestamp(now) }
}

function same(a: UsageStatus, b: UsageStatus): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof UsageStatus>
  return [...keys].every((key) => a[key] === b[key])
}

/** What is known of the disks and volumes; kept while a replaced pod has nothing to say yet. */
export function catalogue(
  { status, target, restore }: Observed,
  recoveryPoints: NonNullable<SessionStatus["recoveryPoints"]>,
): Pick<SessionStatus, "disks" | "volumes" | "volumeCount"> {
  const { disks, volumes, volumeCount } = status
  const found: Pick<SessionStatus, "disks" | "volumes" | "volumeCount"> = { disks, volumes, volumeCount }
  if (target && "report" in target && target.report.disks.length > 0) {
    found.disks = target.report.disks.map(({ name, serial, sizeBytes, sha256Before }) => {
      const point = recoveryPoints.find(({ disk }) => disk === name)
      // a hash that is written down stays: a pod that came later took its own after the first byte
      const hash = disks?.find((disk) => disk.serial === serial)?.sha256Before ?? sha256Before
      const source = point ? `${point.kind}/${point.name}` : ""
      return { name, sizeBytes, serial, source, ...(hash !== undefined && { sha256Before: hash }) }
    })
  }
  if (restore && "report" in restore && restore.report.state === "Ready") {
    found.volumes = restore.report.volumes
    found.volumeCount = restore.report.volumes.length
  }
  return found
}
