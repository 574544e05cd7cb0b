import { below, localTree, tarEverything, treeFrom } from "../local-tree.ts"
import type { Scene } from "../scene.ts"
import type { Way } from "../way.ts"

/** `kubectl recover cp` into the running pod of the application. */
export const intoPod: Way = {
  name: "cp -r into a pod",
  loses: [
    "fractions of seconds",
    "times before 1970",
    "owners",
    "special bits",
    "devices",
    "pipes",
    "attributes",
    "ACLs",
  ],
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
        session: { name: scene.session },
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

/** The session's restore pod. */
async function restorePod(scene: Scene): Promise<string> {
  const selector = `filerecovery.dev/role=restore,filerecovery.dev/session=${scene.session}`
  return (await scene.type(`kubectl get pod -l ${selector} -o name`, "/")).trim().replace("pod/", "")
}

/** kubectl and nothing of ours: what it starts in the container `files` is src/exec. */
export const kubectlWays: readonly Way[] = [
  {
    name: "kubectl exec tar --acls --xattrs",
    loses: ["nanoseconds"],
    async take(scene) {
      const tar = ["tar", "cf", "-", "--acls", "--xattrs", "-C", "/vg0-data", "tree"]
      const args = ["exec", "-n", scene.namespace, await restorePod(scene), "-c", "files", "--", ...tar]
      return below(await treeFrom("kubectl", args, scene.env), "tree")
    },
  },
  {
    name: "kubectl cp",
    loses: ["owners", "modes", "times", "devices", "pipes", "links", "hard links", "attributes", "ACLs"],
    // kubectl takes a backslash for a slash, as archives from Windows have it
    renames: (name) => Buffer.from(name.toString("latin1").replaceAll("\\", "/"), "latin1"),
    async take(scene) {
      await using folder = await scene.folder()
      const from = `${scene.namespace}/${await restorePod(scene)}:/vg0-data/tree`
      await scene.type(`kubectl cp -c files ${from} tree`, folder.path)
      const tree = await localTree(`${folder.path}/tree`)
      return tree.filter(({ type, name }) => type !== "directory" || !name.toString("latin1").startsWith("odd/"))
    },
  },
]
