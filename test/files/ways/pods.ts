import { tarEverything, treeFrom } from "../local-tree.ts"
import type { Way } from "../way.ts"

/** `kubectl recover cp` into the running pod of the application. */
export const intoPod: Way = {
  name: "cp -r into a pod",
  loses: ["owners", "special bits", "devices", "pipes", "attributes", "ACLs"],
  async take(scene) {
    await scene.type(`kubectl recover cp -q -r ${scene.place} orders-0:/tmp`, "/")
    const args = ["exec", "-n", scene.namespace, "orders-0", "--", "tar", ...tarEverything, "-C", "/tmp/tree", "."]
    return await treeFrom("kubectl", args, scene.env)
  },
}

/** A FileRecoveryCopy into a claim, from the session that is there. */
export const intoClaim: Way = {
  name: "FileRecoveryCopy",
  loses: ["owners", "special bits", "devices", "pipes", "hard links", "attributes", "ACLs", "nanoseconds"],
  whose: { uid: 999, gid: 999 },
  async take(scene) {
    const copy = {
      apiVersion: "filerecovery.dev/v1alpha1",
      kind: "FileRecoveryCopy",
      metadata: { name: "tree", namespace: scene.namespace },
      spec: {
        source: { session: { name: scene.session } },
        paths: [{ volume: "vg0-data", path: "/tree" }],
        destination: {
          persistentVolumeClaim: { name: "restored" },
          directory: "/",
          securityContext: { runAsUser: 999, fsGroup: 999 },
        },
      },
    }
    await scene.cluster.apply(copy)
    await scene.type(`kubectl wait --for=condition=Complete frcopy/tree --timeout=240s`, "/")
    const args = ["exec", "-n", scene.namespace, "orders-0", "--", "tar", ...tarEverything, "-C", "/restored/tree", "."]
    return await treeFrom("kubectl", args, scene.env)
  },
}
