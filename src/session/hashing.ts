import { humanBytes } from "../api/bytes.ts"
import type { HashingStatus, SessionStatus } from "../api/status.ts"
import { inUse } from "./clones.ts"
import type { Instant, Observed, TargetReport } from "./observed.ts"
import { instant, timestamp } from "./time.ts"

/** A write of the status brings the next look at the session: a number that always grows must not always be written. */
const REFRESH_MS = 10_000
/** What a pod may hash in a millisecond, in bytes: the earliest end of what is left. */
const BYTES_PER_MS = 1_000_000

/** How far the target is with its hashes; as it was while that is fresh enough, nothing was heard, or it stands still. */
export function hashing({ status, target }: Observed, now: Instant): HashingStatus | undefined {
  const before = status.hashing
  const heard = reportOf(target)?.hashing
  if (!heard || before?.bytesDone === heard.bytesDone) return before
  const { bytesDone, bytesTotal } = heard
  const isFresh = now < (lastProgress(before, now) ?? Number.NEGATIVE_INFINITY) + REFRESH_MS
  const isTenth = Math.abs(bytesDone - (before?.bytesDone ?? 0)) >= bytesTotal / 10
  if (isFresh && !isTenth && bytesDone !== bytesTotal) return before
  return { bytesDone, bytesTotal, observedAt: timestamp(now) }
}

/** When it was last seen to go on; time-outs are counted from here, so a time that is yet to come is none. */
export function lastProgress(hashing: HashingStatus | undefined, now: Instant): Instant | undefined {
  const at = instant(hashing?.observedAt)
  return at !== undefined && at <= now ? at : undefined
}

const reportOf = (target: Observed["target"]): TargetReport | undefined =>
  target && "report" in target ? target.report : undefined

/** "40% of 12 GiB" */
export function howFar({ bytesDone, bytesTotal }: HashingStatus): string {
  const percent = bytesTotal > 0 ? Math.floor((bytesDone / bytesTotal) * 100) : 100
  return `${percent}% of ${humanBytes(bytesTotal)}`
}

/** Milliseconds until a look may find more to do: half a second for small disks, at most 5 s. Undefined: nobody hashes. */
export function untilHashed({ target }: Pick<Observed, "target">): number | undefined {
  const heard = reportOf(target)?.hashing
  return heard && Math.min(Math.max(500, (heard.bytesTotal - heard.bytesDone) / BYTES_PER_MS), 5000)
}

/** The hash of every disk, from before it was served, is there. Nothing is served earlier. */
export function isHashed({ disks = [], clones = [] }: SessionStatus): boolean {
  return disks.length > 0 && disks.length >= inUse(clones).length && disks.every(({ sha256Before }) => sha256Before)
}
