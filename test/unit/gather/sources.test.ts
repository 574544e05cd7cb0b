import { expect, test } from "vitest"
import { sessionSpec } from "../../../src/api/spec.ts"
import { gatherSources } from "../../../src/gather/sources.ts"
import type { KubeClient } from "../../../src/kube/client.ts"
import type { KindRef } from "../../../src/kube/kinds.ts"
import { accept } from "../../../src/session/accept.ts"
import { names, pending } from "../../support/observed.ts"

const labels = { "filerecovery.dev/session-uid": "5f0c3a52-7d5e-4a5e-9f4e-000000000001" }

/** A snapshot as good as any, but for its name, its labels and the claim it was taken of. */
const snapshot = (name: string, persistentVolumeClaimName: string, labels = {}) => ({
  metadata: { name, uid: `uid-of-${name}`, labels },
  spec: { source: { persistentVolumeClaimName } },
  status: {
    readyToUse: true,
    creationTime: "2026-11-22T03:00:00Z",
    restoreSize: "1Gi",
    boundVolumeSnapshotContentName: `content-of-${name}`,
  },
})

/** What is accepted of these snapshots, for a session over a claim or over the snapshot itself. */
async function accepted(one: ReturnType<typeof snapshot>, source: object): Promise<unknown> {
  const { name, uid } = one.metadata
  const kube = {
    list: async ({ kind }: KindRef) =>
      kind === "VolumeSnapshot"
        ? [one]
        : [{ metadata: { name: "fast" }, provisioner: "disk.csi", reclaimPolicy: "Delete" }],
    get: async ({ kind }: KindRef, wanted: string) => {
      if (kind === "VolumeSnapshot") return wanted === name ? one : undefined
      const volumeSnapshotRef = { namespace: "shop", name, uid }
      return kind === "VolumeSnapshotContent" ? { spec: { driver: "disk.csi", volumeSnapshotRef } } : undefined
    },
  } as unknown as KubeClient
  const spec = sessionSpec.parse({ source })
  const choice = accept(pending({ spec, sources: await gatherSources(kube, "shop", spec) }))
  return "reason" in choice ? choice.reason : choice.recoveryPoints.map((point) => point.name)
}

const clone = names.claim(0)
const temporary = names.snapshot(0)
test.each<[string, ReturnType<typeof snapshot>, string, unknown, unknown]>([
  ["a user's snapshot", snapshot("nightly", "data"), "data", ["nightly"], ["nightly"]],
  ["a session's temporary one", snapshot(temporary, "data", labels), "data", "NoRecoveryPoint", "SnapshotNotFound"],
  ["a temporary one that lost its labels", snapshot(temporary, "data"), "data", "NoRecoveryPoint", "SnapshotNotFound"],
  ["one with a session's labels", snapshot("nightly", "data", labels), "data", "NoRecoveryPoint", "SnapshotNotFound"],
  ["one of a clone", snapshot("nightly", clone), clone, "NoRecoveryPoint", "SnapshotNotFound"],
])("%s as recovery point of a claim, and by its own name", async (_, one, claim, ofClaim, byName) => {
  expect(await accepted(one, { persistentVolumeClaims: [{ name: claim }] })).toEqual(ofClaim)
  expect(await accepted(one, { volumeSnapshots: [{ name: one.metadata.name }] })).toEqual(byName)
})
