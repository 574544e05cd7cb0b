import type { PodRole } from "../../src/children/names.ts"
import { openCluster } from "../support/cluster.ts"
import { installChart } from "../support/install.ts"
import type { Fault, Group, Undo } from "./fault.ts"
import { crash, crashedIsLeftOut, withCrashed } from "./hands/crashed.ts"
import { fillOverlay, useUpMemory } from "./hands/memory.ts"
import { processIn } from "./hands/processes.ts"

/** The least the chart allows. */
const overlayMiB = 16

async function setUp(): Promise<Undo> {
  const cluster = await openCluster()
  await installChart(cluster, `guest.overlayMiB=${overlayMiB}`)
  return () => installChart(cluster)
}

const memory = (role: PodRole, container: string, program: string): Fault => ({
  name: `memory limit of container ${container} hit (${program}) during a download`,
  at: "download",
  strike: async (scene) => useUpMemory(processIn(await scene.pod(role), container, program)),
  outcome: "recovers",
})

/** A session uses more than it may have. */
export const limits: Group = {
  name: "limits",
  setUp,
  faults: [
    { ...memory("target", "target", "node"), says: "TargetLost" },
    { ...memory("restore", "files", "node"), says: "RestoreLost" },
    memory("restore", "guest", "qemu"),
    {
      name: "overlay full during a download",
      at: "download",
      strike: async (scene) => fillOverlay(processIn(await scene.pod("restore"), "guest", "qemu")),
      outcome: "recovers",
    },
    {
      name: "overlay full when the journal of one of two volumes is replayed",
      prepare: (scene) => crash(scene, 2 * overlayMiB),
      spec: withCrashed,
      at: "Ready",
      strike: (scene) => crashedIsLeftOut(scene, "OverlayFull"),
      outcome: "recovers",
    },
  ],
}
