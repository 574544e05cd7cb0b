import { isDeepStrictEqual } from "node:util"
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

/** What the session's pods have counted so far, as far as they were heard. A pod begins at 0: those before it are added. */
export function counted({ status, target, restore }: Observed): UsageStatus {
  const { bytesServed = 0, writeAttempts = 0, filesRead = 0 } = status.usage?.former ?? {}
  const { targets, access } = status
  // one that has a successor may still run, and what it has counted was added already
  const served = target && "report" in target && target.podName === targets?.[0]?.podName ? target.report : undefined
  const read = restore && "report" in restore && restore.podName === access?.podName ? restore.report.usage : undefined
  return {
    ...(served && {
      initiators: served.initiators,
      bytesServed: bytesServed + served.bytesServed,
      writeAttempts: writeAttempts + served.writeAttempts,
    }),
    ...(read && { ...read, filesRead: filesRead + (read.filesRead ?? 0) }),
  }
}

/** Names of the pods that hold the roles from now on. */
interface Holders {
  target: string
  restore: string | undefined
}

/** The numbers of the session; as they were while they are fresh enough or nothing was heard, and no pod is followed by another. */
export function usage(observed: Observed, holders: Holders, now: Instant): UsageStatus | undefined {
  const { targets, access, usage: before } = observed.status
  const isFollowed = (pod: string | undefined, by: string | undefined) =>
    pod !== undefined && by !== undefined && pod !== by
  const targetGoes = isFollowed(targets?.[0]?.podName, holders.target)
  const restoreGoes = isFollowed(access?.podName, holders.restore)
  const seen = instant(before?.observedAt)
  if (seen !== undefined && now < seen + REFRESH_MS && !targetGoes && !restoreGoes) return before
  const heard = counted(observed)
  const total = { ...before, ...heard }
  const former = {
    ...before?.former,
    ...(targetGoes && pick(total, "bytesServed", "writeAttempts")),
    ...(restoreGoes && pick(total, "filesRead")),
  }
  const { observedAt: _, ...news } = { ...total, ...(Object.keys(former).length > 0 && { former }) }
  const { observedAt: __, ...known } = before ?? {}
  if (isDeepStrictEqual(news, known)) return before
  return { ...news, observedAt: timestamp(now) }
}

type Counter = "bytesServed" | "writeAttempts" | "filesRead"

function pick(from: UsageStatus, ...counters: Counter[]): Pick<UsageStatus, Counter> {
  return Object.fromEntries(counters.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])))
}

/** What is known of the disks and volumes; kept while a replaced pod has nothing to say yet. */
export function catalogue(
  { status, target, restore }: Observed,
  recoveryPoints: NonNullable<SessionStatus["recoveryPoints"]>,
): Pick<SessionStatus, "disks" | "volumes" | "volumeCount"> {
  const { disks, volumes, volumeCount } = status
  const found: Pick<SessionStatus, "disks" | "volumes" | "volumeCount"> = { disks, volumes, volumeCount }
  if (target && "report" in target && target.report.disks.length > 0) {
    found.disks = target.report.disks.map(({ name, serial, sizeBytes, sha256Before }, index) => {
      // in the order of the clones; of several points, disks of the same name are each one's
      const chosen = recoveryPoints[index]
      // a hash that is written down stays: a pod that came later took its own after the first byte
      const hash = disks?.find((disk) => disk.serial === serial)?.sha256Before ?? sha256Before
      const source = chosen?.disk === name ? `${chosen.kind}/${chosen.name}` : ""
      const point = chosen?.point !== undefined && { point: chosen.point }
      return { name, sizeBytes, serial, source, ...point, ...(hash !== undefined && { sha256Before: hash }) }
    })
  }
  if (restore && "report" in restore && restore.report.state === "Ready") {
    found.volumes = restore.report.volumes
    found.volumeCount = restore.report.volumes.length
  }
  return found
}
