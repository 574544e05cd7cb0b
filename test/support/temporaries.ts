import type { Blueprint } from "../../src/children/blueprint.ts"
import { contentManifest, snapshotManifest } from "../../src/children/conversion.ts"
import type { Manifest } from "../../src/children/manifest.ts"
import { namesOf } from "../../src/children/names.ts"

const nameOf = ({ session }: Blueprint) => namesOf(session).snapshot(0)

function content(blueprint: Blueprint, spec: object = {}): Manifest {
  const made = contentManifest(blueprint, {
    name: nameOf(blueprint),
    driver: "not.installed.test",
    snapshotHandle: "x",
    sourceVolumeMode: "Filesystem",
  })
  return { ...made, spec: { ...(made["spec"] as object), ...spec } }
}

/** What the operator makes to clone a Filesystem claim as Block. */
export const temporaryManifests = (blueprint: Blueprint): Manifest[] => [
  content(blueprint),
  snapshotManifest(blueprint, { name: nameOf(blueprint) }),
]

/** Likenesses of these that its account may not make, and what the API server says against them. */
export const refusedTemporaries: [string, (blueprint: Blueprint) => object, string][] = [
  ["a content that deletes", (blueprint) => content(blueprint, { deletionPolicy: "Delete" }), "deletionPolicy Retain"],
  [
    "a content for a foreign snapshot",
    (blueprint) =>
      content(blueprint, { volumeSnapshotRef: { namespace: blueprint.session.namespace, name: "nightly" } }),
    "for temporary VolumeSnapshots of its own",
  ],
  [
    "a content of another name",
    (blueprint) => ({ ...content(blueprint), metadata: { ...content(blueprint).metadata, name: "mine" } }),
    "only what is named frsess-*",
  ],
  [
    "a content without labels",
    (blueprint) => ({ ...content(blueprint), metadata: { name: nameOf(blueprint) } }),
    "carries its instance's and the session's label",
  ],
  [
    "a snapshot of a claim",
    (blueprint) => ({
      ...snapshotManifest(blueprint, { name: nameOf(blueprint) }),
      spec: { source: { persistentVolumeClaimName: "data" } },
    }),
    "of contents it made itself",
  ],
  [
    "a snapshot of a foreign content",
    (blueprint) => ({
      ...snapshotManifest(blueprint, { name: nameOf(blueprint) }),
      spec: { source: { volumeSnapshotContentName: "somebody-elses" } },
    }),
    "of contents it made itself",
  ],
]
