import type { Cluster } from "./cluster.ts"
import { added, type Inventory, takeInventory } from "./inventory.ts"
import { waitFor } from "./wait.ts"

/** Waits until nothing is there that was not there before; `kept` are things that may stay, as the inventory names them. */
export async function nothingLeft(cluster: Cluster, before: Inventory, kept?: RegExp): Promise<void> {
  let left: string[] = []
  const none = async () => {
    left = added(before, await takeInventory(cluster)).filter((one) => kept?.test(one) !== true)
    return left.length === 0
  }
  await waitFor("nothing to be left", none, { seconds: 90, everyMs: 1000, describe: () => left.join("\n") })
}

/** Finished sessions keep their summary. */
export const sessionObjects = /^FileRecoverySession /
