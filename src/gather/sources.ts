import { sessionSpec } from "../api/spec.ts"
import type { SessionSpec } from "../api/spec.ts"
import { SESSION_UID_LABEL } from "../api/labels.ts"
import { isOurName } from "../children/names.ts"
import type { KubeReader } from "../kube/client.ts"
import { KubeError } from "../kube/errors.ts"
import { kinds } from "../kube/kinds.ts"
import type { PersistentVolumeClaim, StorageClass, VolumeSnapshot, VolumeSnapshotContent } from "../kube/objects.ts"
import type { ObservedSnapshot, ObservedSources, ObservedStorageClass } from "../session/observed.ts"
import { chooseRecoveryPoint } from "../session/recovery-point.ts"
import { isVerdict } from "../session/verdict.ts"

export const noSources: ObservedSources = { snapshots: [], storageClasses: [], claims: [] }

/** The snapshots a session could be made of, with the contents, classes and claims of those that would be chosen. */
export async function gatherSources(kube: KubeReader, namespace: string, spec: SessionSpec): Promise<ObservedSources> {
  const [snapshots, storageClasses] = await Promise.all([
    readSnapshots(kube, namespace, spec),
    kube.list<StorageClass>(kinds.StorageClass),
  ])
  const chosen = chooseRecoveryPoint(spec, snapshots)
  const needed = isVerdict(chosen) ? [] : chosen
  const claimNames = new Set(needed.flatMap(({ claimName }) => claimName ?? []))
  const [contents, claims] = await Promise.all([
    Promise.all(needed.map((snapshot) => withContent(kube, snapshot))),
    Promise.all(
      [...claimNames].map((name) => kube.get<PersistentVolumeClaim>(kinds.PersistentVolumeClaim, name, namespace)),
    ),
  ])
  return {
    snapshots: snapshots.map((snapshot) => contents.find(({ uid }) => uid === snapshot.uid) ?? snapshot),
    storageClasses: storageClasses.map(observedStorageClass),
    claims: claims.flatMap((claim) => (claim ? [observedClaim(claim)] : [])),
  }
}

export const observedStorageClass = ({ metadata, provisioner, reclaimPolicy }: StorageClass): ObservedStorageClass => ({
  name: metadata?.name ?? "",
  provisioner,
  reclaimPolicy: reclaimPolicy ?? "Delete",
})

export const observedClaim = ({ metadata, spec }: PersistentVolumeClaim): ObservedSources["claims"][number] => ({
  name: metadata?.name ?? "",
  storageClassName: spec?.storageClassName,
})

/** Only whether the chosen snapshots are still there; of those that are converted also what the driver calls them. */
export async function gatherSnapshots(
  kube: KubeReader,
  namespace: string,
  chosen: readonly { name: string; converted: boolean }[],
): Promise<ObservedSources> {
  const names = chosen.map(({ name }) => name)
  const converted = new Set(chosen.flatMap((one) => (one.converted ? one.name : [])))
  const snapshots = await byName(kube, namespace, names)
  return {
    ...noSources,
    snapshots: await Promise.all(
      snapshots.map(async (one) => (converted.has(one.name) ? withContent(kube, one) : one)),
    ),
  }
}

async function readSnapshots(
  kube: KubeReader,
  namespace: string,
  { source }: SessionSpec,
): Promise<ObservedSnapshot[]> {
  if (source.volumeSnapshots)
    return byName(
      kube,
      namespace,
      source.volumeSnapshots.map(({ name }) => name),
    )
  return listSnapshots(kube, namespace)
}

/** All snapshots of a namespace that can be recovery points. */
export async function listSnapshots(kube: KubeReader, namespace: string): Promise<ObservedSnapshot[]> {
  const all = await kube.list<VolumeSnapshot>(kinds.VolumeSnapshot, { namespace }).catch((error: unknown) => {
    // a cluster without the kind has no snapshots either
    if (error instanceof KubeError && error.status === 404) return []
    throw error
  })
  return all.flatMap((snapshot) => observedSnapshot(snapshot) ?? [])
}

async function byName(kube: KubeReader, namespace: string, names: readonly string[]): Promise<ObservedSnapshot[]> {
  const found = await Promise.all(names.map((name) => kube.get<VolumeSnapshot>(kinds.VolumeSnapshot, name, namespace)))
  return found.flatMap((snapshot) => (snapshot && observedSnapshot(snapshot)) ?? [])
}

/** Temporary snapshots of sessions, and snapshots somebody took of their clones, are no recovery points. */
function observedSnapshot({ metadata, spec, status }: VolumeSnapshot): ObservedSnapshot | undefined {
  const claimName = spec?.source?.persistentVolumeClaimName
  const isOurs = metadata?.labels?.[SESSION_UID_LABEL] !== undefined || isOurName(metadata?.name)
  if (isOurs || isOurName(claimName)) return undefined
  const { creationTime, restoreSize, error } = status ?? {}
  const contentName = status?.boundVolumeSnapshotContentName ?? spec?.source?.volumeSnapshotContentName
  return {
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    ...(claimName !== undefined && { claimName }),
    ready: status?.readyToUse === true,
    deleting: metadata?.deletionTimestamp !== undefined,
    ...(creationTime !== undefined && { takenAt: creationTime }),
    // 0 is how drivers say that they don't know
    ...(restoreSize !== undefined && restoreSize !== "0" && { restoreSize }),
    ...(error && { error: error.message ?? "the driver gave no reason" }),
    ...(contentName !== undefined && { contentName }),
  }
}

async function withContent(kube: KubeReader, snapshot: ObservedSnapshot): Promise<ObservedSnapshot> {
  if (snapshot.contentName === undefined) return snapshot
  const content = await kube.get<VolumeSnapshotContent>(kinds.VolumeSnapshotContent, snapshot.contentName)
  return content ? describedBy(content, snapshot) : snapshot
}

/** A snapshot with what its content says. */
export function describedBy(content: VolumeSnapshotContent, snapshot: ObservedSnapshot): ObservedSnapshot {
  const { driver = "", sourceVolumeMode, volumeSnapshotRef } = content.spec ?? {}
  const { namespace = "", name = "", uid } = volumeSnapshotRef ?? {}
  const { restoreSize: bytes, snapshotHandle } = content.status ?? {}
  const size = bytes !== undefined && bytes > 0 && { restoreSize: String(bytes) }
  return {
    ...size,
    ...snapshot,
    content: {
      driver,
      sourceVolumeMode,
      snapshot: { namespace, name, uid },
      ...size,
      ...(snapshotHandle !== undefined && { snapshotHandle }),
    },
  }
}

/** The spec with its defaults, or which fields of it are wrong: an object may be older than the schema. */
export function readSpec(spec: unknown): { spec: SessionSpec } | { spec: undefined; specProblem: string } {
  const parsed = sessionSpec.safeParse(spec)
  if (parsed.success) return { spec: parsed.data }
  const wrong = parsed.error.issues.map(({ path, message }) => `spec.${path.join(".")}: ${message}`)
  return { spec: undefined, specProblem: `${wrong.slice(0, 5).join("; ")}.` }
}
