import { daemons } from "./daemons.ts"
import { deletions } from "./deletions.ts"
import type { Fault, Group } from "./fault.ts"
import { installation } from "./installation.ts"
import { limits } from "./limits.ts"
import { network } from "./network.ts"
import { nodes } from "./nodes.ts"
import { pods } from "./pods.ts"
import { refusals } from "./refusals.ts"
import { operatorWrites } from "./writes.ts"

/** Every fault there is, in the order in which `npm run test:faults` plays them. */
export const groups: readonly Group[] = [
  refusals,
  deletions,
  pods,
  network,
  limits,
  daemons,
  installation,
  operatorWrites,
  nodes,
]

/** Those that cost least, and at least one of each group that costs little: `npm test` plays them. */
export const quickFaults: readonly Fault[] = groups.flatMap(({ faults }) => faults.filter(({ quick }) => quick))
