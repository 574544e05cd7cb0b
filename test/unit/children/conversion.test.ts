import { expect, test } from "vitest"
import type { Manifest } from "../../../src/children/manifest.ts"
import { contentManifest, snapshotManifest } from "../../../src/children/conversion.ts"
import { blueprint } from "../../support/blueprint.ts"
import { names } from "../../support/observed.ts"

test("a temporary content never deletes, may change the mode, and says whose it is", () => {
  const name = names.snapshot(0)
  const given = { name, driver: "disk.csi", snapshotHandle: "snap-1", sourceVolumeMode: "Filesystem" }
  const { metadata, spec } = contentManifest(blueprint, given) as Manifest & { spec: object }
  expect(metadata).toEqual({
    name,
    labels: snapshotManifest(blueprint, { name }).metadata.labels,
    annotations: { "snapshot.storage.kubernetes.io/allow-volume-mode-change": "true" },
  })
  expect(spec).toEqual({
    deletionPolicy: "Retain",
    driver: "disk.csi",
    source: { snapshotHandle: "snap-1" },
    sourceVolumeMode: "Filesystem",
    volumeSnapshotRef: { namespace: "shop", name },
  })
})

test("a temporary snapshot is of the temporary content", () => {
  const name = names.snapshot(0)
  expect(snapshotManifest(blueprint, { name })["spec"]).toEqual({ source: { volumeSnapshotContentName: name } })
})
