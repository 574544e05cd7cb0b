import type { DiskStatus, HashingStatus } from "../../src/api/status.ts"
import type { Observed, TargetReport } from "../../src/session/observed.ts"
import * as at from "./observed.ts"
import { names, now } from "./observed.ts"

/** Observations of sessions with spec.verifySource. */
export const [first, other] = ["a".repeat(64), "b".repeat(64)] as const
export const total = 2 ** 30
export const part = (percent: number) => Math.round((total * percent) / 100)

export const disk = (changes: Partial<DiskStatus> = {}): DiskStatus => ({
  name: "data",
  serial: names.serial(0),
  sizeBytes: total,
  source: "VolumeSnapshot/nightly",
  ...changes,
})

/** So much was hashed, and written down so many seconds ago. */
export const hashed = (percent: number, secondsAgo: number): HashingStatus => ({
  bytesDone: part(percent),
  bytesTotal: total,
  observedAt: at.iso(now - secondsAgo * 1000),
})

const spec = () => at.spec({ verifySource: true })

/** The target hashes its disk before it serves it; no restore pod is there yet. */
export function hashing(percent: number, changes: Partial<TargetReport> = {}, before?: HashingStatus): Observed {
  const { access: _, ...status } = at.startedStatus
  return at.provisioning({
    spec: spec(),
    status: { ...status, ...(before && { hashing: before }) },
    claims: [at.claim()],
    pods: [at.pod("target")],
    ...at.serving({ state: "Hashing", hashing: { bytesDone: part(percent), bytesTotal: total }, ...changes }),
  })
}

/** The disk was hashed, and its files can be read. */
export function ready(changes: Partial<Observed> = {}): Observed {
  const before = at.ready()
  return { ...before, spec: spec(), status: { ...before.status, disks: [disk({ sha256Before: first })] }, ...changes }
}

/** Told to unmount some seconds ago; the restore pod has let go, the target says this. */
export function releasing(report: Partial<TargetReport>, secondsAgo = 5, before?: HashingStatus): Observed {
  const { status, ...rest } = at.unmounting(at.mounted({ state: "Released" }), secondsAgo)
  return {
    ...rest,
    spec: at.spec({ verifySource: true, desiredState: "Unmounted" }),
    status: { ...status, disks: [disk({ sha256Before: first })], ...(before && { hashing: before }) },
    ...at.serving({ initiators: 0, ...report }),
  }
}

/** What a target says of its disk, with these hashes. */
export const disks = (hashes: Pick<DiskStatus, "sha256Before" | "sha256After">): TargetReport["disks"] => {
  const { source: _, ...rest } = disk(hashes)
  return [rest]
}
