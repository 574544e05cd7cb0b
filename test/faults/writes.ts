import { existsSync } from "node:fs"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { waitFor } from "../support/wait.ts"
import type { Fault, Group, Undo } from "./fault.ts"
import { auditOperator } from "./hands/audit.ts"
import { leaderProcess, replaceLeader } from "./hands/operator.ts"
import { type When, Writes } from "./hands/writes.ts"

/** The machine's address on the bridge of the test cluster. */
const host = "10.199.0.1"
let writes: Writes | undefined

async function setUp(): Promise<Undo> {
  writes = await Writes.listen(host)
  const restore = await auditOperator(await openCluster(), `http://${host}:${writes.port}`)
  return async () => {
    await restore()
    await writes?.[Symbol.asyncDispose]()
  }
}

/**
 * A session's life in which no operator gets further than one write: each dies when its first took effect, or before its
 * second does, so that the life goes on. Whoever comes next knows only what was written, so this is every N at which an
 * operator can die, in one life instead of one life for each.
 */
function killedAtEachWrite(when: When, needs?: "Filesystem claim"): Fault {
  const whose = needs === undefined ? "" : ", Filesystem claim"
  const nth = when === "after" ? 1 : 2
  let kills = 0
  let last: number | undefined
  const killAtNext = (cluster: Cluster) =>
    writes?.await(nth, when, async () => {
      last = await leaderAfter(cluster, last)
      await killNow(cluster, last)
      kills++
      killAtNext(cluster)
    })
  return {
    get name() {
      const times = kills > 0 ? `: ${kills} times` : ""
      return `operator killed ${when} each write of a session's life took effect${whose}${times}`
    },
    ...(needs && { needs }),
    prepare: async () => async () => {
      writes?.rest()
      if (kills === 0) throw new Error("the operator was never killed")
    },
    at: "before",
    strike: async ({ cluster }) => killAtNext(cluster),
    outcome: "recovers",
    within: 900,
  }
}

/** Kills a leader, and gives its place to the next. */
async function killNow(cluster: Cluster, pid: number): Promise<void> {
  process.kill(pid, "SIGKILL")
  while (existsSync(`/proc/${pid}`)) await new Promise(setImmediate)
  await replaceLeader(cluster)
}

/** A request of an operator that died may still arrive: then the next one may not lead yet. */
const leaderAfter = (cluster: Cluster, last: number | undefined): Promise<number> => {
  const another = async () => {
    const pid = await leaderProcess(cluster)
    return pid === last ? undefined : pid
  }
  return waitFor("another operator to lead", another, { seconds: 20, everyMs: 100 })
}

/** The operator dies at every single write of a session's life. */
export const operatorWrites: Group = {
  name: "writes",
  setUp,
  // more is made for a Filesystem claim, and not all of it has an owner
  faults: [
    killedAtEachWrite("after"),
    killedAtEachWrite("before"),
    killedAtEachWrite("after", "Filesystem claim"),
    killedAtEachWrite("before", "Filesystem claim"),
  ],
}
