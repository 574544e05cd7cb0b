import type { Blueprint } from "./blueprint.ts"
import type { Manifest } from "./manifest.ts"
import { labels, metadata } from "./metadata.ts"

const SNAPSHOT_API = "snapshot.storage.k8s.io/v1"

export interface ContentOptions {
  /** Of the content and of the temporary VolumeSnapshot it is for. */
  name: string
  driver: string
  /** What the driver calls the user's snapshot. */
  snapshotHandle: string
  /** The mode of the claim the user's snapshot was taken of. */
  sourceVolumeMode: string
}

/**
 * A second VolumeSnapshotContent for a snapshot that exists already, with the permission to clone it in another volume
 * mode: the user's own content is not touched. Retain always: with Delete its removal would erase the user's snapshot.
 * It lies outside of namespaces, so the attachment can't own it, and only its name and labels say whose it is.
 */
export function contentManifest(
  { session, installation }: Blueprint,
  { name, driver, snapshotHandle, sourceVolumeMode }: ContentOptions,
): Manifest {
  return {
    apiVersion: SNAPSHOT_API,
    kind: "VolumeSnapshotContent",
    metadata: {
      name,
      labels: labels({ session, installation }, "conversion"),
      annotations: { "snapshot.storage.kubernetes.io/allow-volume-mode-change": "true" },
    },
    spec: {
      deletionPolicy: "Retain",
      driver,
      source: { snapshotHandle },
      sourceVolumeMode,
      volumeSnapshotRef: { namespace: session.namespace, name },
    },
  }
}

/** The VolumeSnapshot that stands for the content in the session's namespace: claims are made from it. */
export function snapshotManifest(blueprint: Blueprint, { name }: { name: string }): Manifest {
  return {
    apiVersion: SNAPSHOT_API,
    kind: "VolumeSnapshot",
    metadata: metadata(blueprint, name, "conversion"),
    spec: { source: { volumeSnapshotContentName: name } },
  }
}
