import type { CloneStatus } from "../api/status.ts"
import type { Choice } from "./accept.ts"
import type { Observed, ObservedConversion, ObservedSnapshot } from "./observed.ts"
import type { Provision } from "./plan.ts"
import { whyNotClonable } from "./snapshot-checks.ts"
import { heals, isVerdict, verdict } from "./verdict.ts"
import type { Verdict } from "./verdict.ts"

/** What is to be made so that snapshots of Filesystem claims can be cloned as block devices. */
export interface Conversion extends Pick<Provision, "contents" | "snapshots"> {
  /** Clones that can't be made yet, and what each waits for. */
  waiting: Map<string, Verdict>
}

type Content = NonNullable<ObservedConversion["content"]>
type Snapshot = NonNullable<ObservedConversion["snapshot"]>

/** Whether a content is the one made for this clone: the one whose UID was noted, or that carries our labels until then. */
export function isOurs(content: Content, { content: noted }: CloneStatus): boolean {
  return noted?.uid === undefined ? content.ours : content.uid === noted.uid
}

/** The clones with the UIDs of their temporary contents, as soon as these have one. */
export function withContents(
  clones: readonly CloneStatus[],
  conversions: readonly ObservedConversion[] = [],
): CloneStatus[] {
  return clones.map((clone) => {
    const content = conversions.find(({ claim }) => claim === clone.claim)?.content
    if (!clone.content || !content || !isOurs(content, clone)) return clone
    return { ...clone, content: { name: content.name, uid: content.uid } }
  })
}

/**
 * One step at a time: the content, when it is there the snapshot, when that can be used the clone. A verdict means that
 * it can't be had any more. What the driver calls the snapshot is taken only from a content that belongs to it now.
 */
export function convert(observed: Observed, { clones, recoveryPoints }: Choice): Conversion | Verdict {
  const conversion: Conversion = { contents: [], snapshots: [], waiting: new Map() }
  for (const [disk, clone] of clones.entries()) {
    if (!clone.content || observed.claims.some(({ name }) => name === clone.claim)) continue
    const source = observed.sources.snapshots.find(({ uid }) => uid === recoveryPoints[disk]?.uid)
    const found = observed.conversions?.find(({ claim }) => claim === clone.claim)
    const step = next(clone, found, source, observed.session.namespace)
    if (step === "ready") continue
    if (isVerdict(step) && !heals(step)) return step
    const why = isVerdict(step) ? step : step.why
    conversion.waiting.set(clone.claim, why)
    if ("content" in step) conversion.contents.push(step.content)
    if ("snapshot" in step) conversion.snapshots.push(step.snapshot)
  }
  return conversion
}

type Step =
  { why: Verdict; content: Provision["contents"][number] } | { why: Verdict; snapshot: Provision["snapshots"][number] }

function next(
  clone: CloneStatus,
  found: ObservedConversion | undefined,
  source: ObservedSnapshot | undefined,
  namespace: string,
): Step | Verdict | "ready" {
  const name = clone.content?.name ?? ""
  const { content, snapshot } = found ?? {}
  const title = `VolumeSnapshotContent ${name}`
  if (!content) {
    if (clone.content?.uid !== undefined) return verdict("CloneLost", `${title} was deleted before its clone was made.`)
    return contentOf(name, source, namespace)
  }
  const trouble = contentTrouble(content, clone) ?? (snapshot && snapshotTrouble(snapshot, content))
  if (trouble) return trouble
  if (!snapshot) {
    if (content.snapshotUid !== undefined)
      return verdict("CloneLost", `VolumeSnapshot ${name} was deleted before its clone was made.`)
    return { why: verdict("Cloning", `VolumeSnapshot ${name} is being created.`), snapshot: { name } }
  }
  const error = snapshot.error ?? content.error
  if (snapshot.ready && content.snapshotUid === snapshot.uid) return "ready"
  if (error !== undefined) return verdict("CloneFailed", `VolumeSnapshot ${name}: ${error}`)
  return verdict("Cloning", `VolumeSnapshot ${name} is not readyToUse yet.`)
}

function contentOf(name: string, source: ObservedSnapshot | undefined, namespace: string): Step | Verdict {
  const problem = source && whyNotClonable(source, namespace)
  if (problem) return problem
  const { driver, snapshotHandle, sourceVolumeMode } = source?.content ?? {}
  const why = verdict("Cloning", `VolumeSnapshotContent ${name} is being created.`)
  if (driver === undefined || snapshotHandle === undefined || sourceVolumeMode === undefined)
    return verdict(
      "SnapshotNotReady",
      `The content that VolumeSnapshotContent ${name} is to be made from is not known.`,
    )
  return { why, content: { name, driver, snapshotHandle, sourceVolumeMode } }
}

function contentTrouble(content: Content, clone: CloneStatus): Verdict | undefined {
  const title = `VolumeSnapshotContent ${content.name}`
  if (!isOurs(content, clone)) return verdict("SnapshotNotBound", `${title} exists, but is not of this session.`)
  if (content.deleting) return verdict("CloneLost", `${title} is being deleted.`)
  if (!content.retained) return verdict("CloneLost", `Somebody took the deletionPolicy Retain from ${title}.`)
  return undefined
}

function snapshotTrouble(snapshot: Snapshot, { snapshotUid }: Content): Verdict | undefined {
  const title = `VolumeSnapshot ${snapshot.name}`
  if (!snapshot.ours) return verdict("SnapshotNotBound", `${title} exists, but is not of this session.`)
  if (snapshot.deleting) return verdict("CloneLost", `${title} is being deleted.`)
  if (snapshotUid !== undefined && snapshotUid !== snapshot.uid)
    return verdict("CloneLost", `${title} is another than the one its content was bound to.`)
  return undefined
}
