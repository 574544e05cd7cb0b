import type { Undo } from "../fault.ts"
import type { Scene } from "../scene.ts"

/** Closes every node to new pods. */
export async function cordon({ cluster }: Pick<Scene, "cluster">): Promise<Undo> {
  const { stdout } = await cluster.kubectl(["get", "nodes", "-o", "name"])
  const nodes = stdout.trim().split("\n")
  await cluster.kubectl(["cordon", ...nodes])
  return () => cluster.kubectl(["uncordon", ...nodes])
}
