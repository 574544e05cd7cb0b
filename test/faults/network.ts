import type { Fault, Group } from "./fault.ts"
import { cutForSeconds } from "./hands/network.ts"

const cut = (seconds: number): Fault => ({
  name: `network between target and restore pod cut for ${seconds} s`,
  ...(seconds === 5 && { quick: true }),
  at: "download",
  strike: (scene) => cutForSeconds(scene, seconds),
  outcome: "recovers",
  within: seconds + 120,
})

/** Packets that get lost without a word. */
export const network: Group = { name: "network", faults: [cut(5), cut(60), cut(300)] }
