import type { PodRole } from "../../src/children/names.ts"
import type { Fault, Group } from "./fault.ts"
import { fillOverlay, useUpMemory } from "./hands/memory.ts"
import { processIn } from "./hands/processes.ts"

const memory = (role: PodRole, container: string, program: string): Fault => ({
  name: `memory limit of container ${container} hit (${program}) during a download`,
  at: "download",
  strike: async (scene) => useUpMemory(processIn(await scene.pod(role), container, program)),
  outcome: "recovers",
})

/** A session uses more than it may have. */
export const limits: Group = {
  name: "limits",
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
  ],
}
