import { setTimeout as delay } from "node:timers/promises"
import type { Fault, Group, Undo } from "./fault.ts"
import { cluster } from "./hands/daemons.ts"
import type { Scene } from "./scene.ts"

/** The control plane is in the first node; the second one comes and goes. */
const first = "n1"
const second = "n2"

async function setUp(): Promise<Undo> {
  await cluster("up", "2")
  return () => cluster("node-remove", "2")
}

const openFirst = (scene: Scene) => scene.cluster.kubectl(["uncordon", first])

/** Has the session's pods start in one node. Afterwards both are there again, and open. */
const startIn = (node: string) => async (scene: Scene) => {
  await scene.cluster.kubectl(["cordon", node === first ? second : first])
  return async () => {
    await cluster("up", "2")
    await scene.cluster.kubectl(["uncordon", first, second])
  }
}

/** The restore pod moves to the other node; the target pod stays. */
const moveRestoreFrom = (node: string) => async (scene: Scene) => {
  await scene.cluster.kubectl(["uncordon", first, second])
  await scene.cluster.kubectl(["cordon", node])
  const before = scene.status.access?.podName ?? ""
  await scene.kubectl("delete", "pod", before)
  const isReplaced = () => scene.status.access?.podName !== before && scene.isReady()
  await scene.until("another restore pod to be ready", isReplaced, 180)
  await scene.cluster.kubectl(["uncordon", node])
}

/** What the node lost when the power went: nobody knows until it is back, or said to be gone. */
const powerOff = () => cluster("node-down", "2")
const powerOn = () => cluster("node-up", "2")
const offForAMinute = async (): Promise<Undo> => {
  await powerOff()
  return async () => {
    await delay(60_000)
    await powerOn()
  }
}

const inSecond = { prepare: startIn(second), arrange: openFirst }
const targetInSecond = { prepare: startIn(second), arrange: moveRestoreFrom(second) }
const restoreInSecond = { prepare: startIn(first), arrange: moveRestoreFrom(first) }

const faults: Fault[] = [
  {
    ...inSecond,
    name: "node of both pods drained",
    at: "Ready",
    strike: async (scene) => {
      const how = ["--ignore-daemonsets", "--delete-emptydir-data", "--timeout=120s"]
      await scene.cluster.kubectl(["drain", second, ...how])
    },
    says: "TargetLost",
    outcome: "recovers",
    within: 300,
  },
  {
    ...inSecond,
    name: "node of both pods without power for a minute",
    at: "Ready",
    strike: offForAMinute,
    outcome: "recovers",
    within: 300,
  },
  {
    ...targetInSecond,
    name: "node of the target pod without power for a minute, during a download",
    at: "download",
    strike: offForAMinute,
    outcome: "recovers",
    within: 300,
  },
  {
    ...targetInSecond,
    name: "node of the target pod without power, during a download; back only after the unmount",
    at: "download",
    strike: async () => void (await powerOff()),
    says: "NodeUnreachable",
    outcome: "recovers",
    holdsRelease: { reason: "NodeUnreachable", end: powerOn },
    within: 600,
  },
  {
    ...targetInSecond,
    name: "node of the target pod without power, during a download; removed from the cluster",
    at: "download",
    strike: async () => void (await cluster("node-remove", "2")),
    says: "TargetLost",
    outcome: "recovers",
    within: 300, // Kubernetes alone takes 6 minutes until another node may have the clone
    releaseWithin: 900, // the first clone goes when Kubernetes takes it from that node, and its driver tries again
  },
  {
    ...restoreInSecond,
    name: "node of the restore pod without power, during a download; removed from the cluster after the unmount",
    at: "download",
    strike: async () => void (await powerOff()),
    says: "NodeUnreachable",
    outcome: "recovers",
    holdsRelease: { reason: "NodeUnreachable", end: () => cluster("node-remove", "2") },
    within: 600,
  },
]

/** Two nodes, one of which is lost. */
export const nodes: Group = { name: "nodes", setUp, faults }
