import type { DiskStatus, SessionStatus } from "../api/status.ts"
import { keep } from "./conditions.ts"
import type { Wanted } from "./conditions.ts"
import { isHashed } from "./hashing.ts"
import type { Instant, Observed } from "./observed.ts"
import { hasLetGo } from "./release-steps.ts"
import { hardEnd, instant } from "./time.ts"
import { verdict } from "./verdict.ts"

/** The disks with the hashes the target took when nobody was logged in any more. */
export function hashedAfter({ status, target }: Observed): SessionStatus["disks"] {
  const heard = target && "report" in target ? target.report.disks : []
  return status.disks?.map((disk) => {
    const after = heard.find(({ serial }) => serial === disk.serial)?.sha256After
    return after === undefined ? disk : { ...disk, sha256After: after }
  })
}

/**
 * Whether serving the disks left them as they were. Undefined where that was not asked or no byte was served, and as long
 * as the target may still say more. A disk that differs is told at once; a hash that never came is no proof of anything.
 */
export function proof(observed: Observed, now: Instant): Wanted["SourceVerified"] {
  const { status, pods } = observed
  const disks = hashedAfter(observed) ?? []
  if (!isHashed({ ...status, disks })) return undefined
  const [changed, ...others] = disks.filter((disk) => disk.sha256After && disk.sha256After !== disk.sha256Before)
  if (changed) {
    const more =
      others.length > 0 ? ` Other disks that were changed: ${others.map(({ name }) => name).join(", ")}.` : ""
    return { holds: false, ...verdict("SourceChanged", `${difference(changed, status)}${more}`) }
  }
  if (disks.every(({ sha256After }) => sha256After))
    return { holds: true, ...verdict("SourceVerified", `${same(disks.length)} the sha256 from before the first read.`) }
  const said = keep(status, "SourceVerified").SourceVerified
  if (said) return said
  const isOpen = pods.some((pod) => pod.role === "target" && !hasLetGo(pod, observed))
  return isOpen ? undefined : { holds: false, ...verdict("SourceNotVerified", whyUnknown(observed, now)) }
}

const same = (count: number) => (count === 1 ? "The disk still has" : `All ${count} disks still have`)

function difference({ name, serial, sha256Before, sha256After }: DiskStatus, { disks, clones }: SessionStatus): string {
  const volume = clones?.[disks?.findIndex((disk) => disk.serial === serial) ?? -1]?.persistentVolume
  const where = volume === undefined ? "" : ` (PersistentVolume ${volume})`
  return `Disk ${name}${where} was changed while it was served: its sha256 was ${sha256Before}, then ${sha256After}.`
}

/** Why there are no hashes of after, as far as it can be told. */
function whyUnknown({ session, status, pods, target }: Observed, now: Instant): string {
  const unknown = "Whether the disks are as they were is not known"
  const problem = target && "report" in target ? target.report.problem : undefined
  if (problem) return `${unknown}. ${problem.message}`
  if (session.deleting) return `${unknown}: the session was deleted, which does not wait for hashes.`
  const startedAt = instant(status.startedAt)
  if (startedAt !== undefined && now >= hardEnd(startedAt))
    return `${unknown}: no time was left after the session's 12 hours.`
  const podName = status.targets?.[0]?.podName ?? "of the target"
  const containers = pods.find(({ name }) => name === podName)?.containers
  const ended = containers?.find(({ state }) => state === "terminated")?.reason
  const how = ended === undefined ? "" : ` (${ended})`
  return `${unknown}: pod ${podName} ended${how} before it could tell their hashes.`
}
