import { takeSnapshots } from "../support/snapshot.ts"
import type { Fault, Group } from "./fault.ts"
import { cordon } from "./hands/cordon.ts"
import type { Scene } from "./scene.ts"
import { claim } from "./stage.ts"

const deleteSession = (scene: Scene, ...how: string[]) =>
  scene.kubectl("delete", "frsess", scene.name, "--wait=false", ...how)

const removeFinalizers = (scene: Scene) =>
  scene.kubectl("patch", "frsess", scene.name, "--type=merge", "-p", '{"metadata":{"finalizers":null}}')

/** `kubectl delete --cascade`, in every phase a session can be in before it ends. */
const propagations: Fault[] = (["foreground", "background", "orphan"] as const).flatMap((how) =>
  (["Pending", "Provisioning", "Ready", "Unmounting"] as const).map((at): Fault => ({
    name: `session deleted (${how}), ${at}`,
    ...(how === "foreground" && at === "Provisioning" && { quick: true }),
    at,
    ...(at === "Pending" && { spec: { recoveryPoint: { name: "nowhere" } } }),
    strike: async (scene) => void (await deleteSession(scene, `--cascade=${how}`)),
    outcome: "goes",
  })),
)

const namespaceDeleted: Fault[] = (["Provisioning", "Ready"] as const).map((at) => ({
  name: `namespace deleted, session ${at}`,
  needs: "own namespace",
  at,
  strike: async (scene) => void (await scene.kubectl("delete", "namespace", scene.namespace, "--wait=false")),
  outcome: "goes",
}))

/** A snapshot of the fault's own, for it to delete. */
const doomed = {
  spec: { recoveryPoint: { name: "doomed" } },
  prepare: async (scene: Scene) => {
    await takeSnapshots(scene.cluster, scene.namespace, [{ claim, name: "doomed" }])
    return () => scene.kubectl("delete", "volumesnapshot", "doomed", "--ignore-not-found")
  },
}
const deleteSnapshot = async (scene: Scene) => {
  await scene.kubectl("delete", "volumesnapshot", "doomed", "--wait=false")
}

/** Somebody deletes what a session is or needs. */
export const deletions: Group = {
  name: "deletions",
  faults: [
    ...propagations,
    {
      name: "finalizer removed by hand from a deleted session, Ready",
      quick: true,
      at: "Ready",
      strike: async (scene) => {
        await deleteSession(scene)
        await removeFinalizers(scene)
      },
      outcome: "goes",
    },
    {
      name: "finalizer removed by hand from a session that stays, Ready",
      at: "Ready",
      strike: async (scene) => void (await removeFinalizers(scene)),
      outcome: "recovers",
    },
    {
      name: "session deleted during a download",
      at: "download",
      strike: async (scene) => void (await deleteSession(scene)),
      outcome: "goes",
    },
    ...namespaceDeleted,
    {
      name: "snapshot deleted before its clone is bound",
      quick: true,
      ...doomed,
      // no node, no volume: the clone waits for its first consumer
      prepare: async (scene) => {
        const [remove, uncordon] = [await doomed.prepare(scene), await cordon(scene)]
        return async () => {
          await uncordon()
          await remove()
        }
      },
      at: "Provisioning",
      strike: deleteSnapshot,
      outcome: { ends: "Failed", reason: "SnapshotNotFound" },
    },
    { name: "snapshot deleted, session Ready", ...doomed, at: "Ready", strike: deleteSnapshot, outcome: "recovers" },
    {
      name: "clone deleted, session Ready",
      at: "Ready",
      strike: async (scene) => {
        const clone = scene.status.clones?.[0]?.claim ?? ""
        await scene.kubectl("delete", "pvc", clone, "--wait=false")
      },
      outcome: { ends: "Failed", reason: "CloneLost" },
    },
    {
      name: "attachment deleted, session Ready",
      at: "Ready",
      strike: async (scene) => {
        const attachment = scene.status.attachment?.name ?? ""
        await scene.kubectl("delete", "filerecoveryattachment", attachment, "--wait=false")
      },
      outcome: { ends: "Failed", reason: "AttachmentLost" },
    },
  ],
}
