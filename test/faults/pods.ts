import type { PodRole } from "../../src/children/names.ts"
import type { Fault, Group } from "./fault.ts"
import { killLeader } from "./hands/operator.ts"
import { processIn } from "./hands/processes.ts"
import type { Scene } from "./scene.ts"

const kill = (role: PodRole, container: string, program: string) => async (scene: Scene) => {
  process.kill(processIn(await scene.pod(role), container, program), "SIGKILL")
}

const deletePod = (role: PodRole) => async (scene: Scene) => {
  const { metadata } = await scene.pod(role)
  await scene.kubectl("delete", "pod", metadata?.name ?? "", "--wait=false")
}

/** The design promises that reads go on within 120 s when a pod of the data path is lost. */
const within = 120

const operatorKilled: Fault[] = (["Provisioning", "Ready"] as const).map((at) => ({
  name: `operator killed, session ${at}`,
  at,
  strike: ({ cluster }) => killLeader(cluster),
  outcome: "recovers",
}))

/** Pods and processes of a session and of the operator that end without having been asked. */
export const pods: Group = {
  name: "pods",
  faults: [
    {
      name: "target process killed during a download",
      quick: true,
      at: "download",
      strike: kill("target", "target", "node"),
      says: "TargetLost",
      outcome: "recovers",
      within,
    },
    {
      name: "QEMU killed during a download",
      quick: true,
      at: "download",
      strike: kill("restore", "guest", "qemu"),
      outcome: "recovers",
      within,
    },
    {
      name: "process of container guest killed during a download",
      at: "download",
      strike: kill("restore", "guest", "node"),
      outcome: "recovers",
      within,
    },
    {
      name: "process of container files killed during a download",
      at: "download",
      strike: kill("restore", "files", "node"),
      says: "RestoreLost",
      outcome: "recovers",
      within,
    },
    {
      name: "target pod deleted during a download of 1 GiB",
      needs: "large file",
      at: "download",
      strike: deletePod("target"),
      says: "TargetLost",
      outcome: "recovers",
      within: 300,
    },
    {
      name: "restore pod deleted, session Ready",
      quick: true,
      at: "Ready",
      strike: deletePod("restore"),
      says: "RestoreLost",
      outcome: "recovers",
      within,
    },
    ...operatorKilled,
    {
      name: "operator killed, session Unmounting",
      quick: true,
      at: "Unmounting",
      strike: ({ cluster }) => killLeader(cluster),
      outcome: { ends: "Unmounted", reason: "UnmountRequested" },
    },
  ],
}
