import type { SessionStatus } from "../api/status.ts"
import { INSTANCE_LABEL, SESSION_UID_LABEL } from "../api/labels.ts"
import type { SessionRef } from "../children/names.ts"
import { kinds } from "../kube/kinds.ts"
import type { VolumeSnapshot, VolumeSnapshotContent } from "../kube/objects.ts"
import type { ObservedConversion } from "../session/observed.ts"
import type { ReconcilerDeps } from "./deps.ts"

/** The temporary snapshots and contents of these clones, read from the API server just now. */
export async function gatherConversions(
  { kube, settings }: Pick<ReconcilerDeps, "kube" | "settings">,
  session: SessionRef,
  clones: NonNullable<SessionStatus["clones"]>,
): Promise<ObservedConversion[]> {
  const isOurs = (object: VolumeSnapshot | VolumeSnapshotContent) =>
    object.metadata?.labels?.[SESSION_UID_LABEL] === session.uid &&
    object.metadata.labels[INSTANCE_LABEL] === settings.instance
  return Promise.all(
    clones.map(async ({ claim, snapshot: snapshotName = "", content: noted }) => {
      const [snapshot, content] = await Promise.all([
        kube.get<VolumeSnapshot>(kinds.VolumeSnapshot, snapshotName, session.namespace),
        kube.get<VolumeSnapshotContent>(kinds.VolumeSnapshotContent, noted?.name ?? ""),
      ])
      return {
        claim,
        ...(snapshot && { snapshot: observedSnapshot(snapshot, isOurs(snapshot)) }),
        ...(content && { content: observedContent(content, isOurs(content)) }),
      }
    }),
  )
}

function observedSnapshot(
  { metadata, status }: VolumeSnapshot,
  ours: boolean,
): NonNullable<ObservedConversion["snapshot"]> {
  return {
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    ours,
    ready: status?.readyToUse === true && status.boundVolumeSnapshotContentName === metadata?.name,
    deleting: metadata?.deletionTimestamp !== undefined,
    ...(status?.error && { error: status.error.message ?? "the driver gave no reason" }),
  }
}

function observedContent(
  { metadata, spec, status }: VolumeSnapshotContent,
  ours: boolean,
): NonNullable<ObservedConversion["content"]> {
  const snapshotUid = spec?.volumeSnapshotRef?.uid
  return {
    name: metadata?.name ?? "",
    uid: metadata?.uid ?? "",
    resourceVersion: metadata?.resourceVersion ?? "",
    ours,
    deleting: metadata?.deletionTimestamp !== undefined,
    retained: spec?.deletionPolicy === "Retain",
    ...(snapshotUid !== undefined && { snapshotUid }),
    ...(status?.error && { error: status.error.message ?? "the driver gave no reason" }),
  }
}
