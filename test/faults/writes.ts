import { existsSync } from "node:fs"
import { type Cluster, openCluster } from "../support/cluster.ts"
import { waitFor } from "../support/wait.ts"
import type { Fault, Group, Undo } from "./fault.ts"
import { auditOperator } from "./hands/audit.ts"
import { leaderProcess, replaceLeader } from "./hands/operator.ts"
import { type When, Writes } from "./hands/writes.ts"

/** The machine's address on the bridge of the test cluster. */
const host = "10.199.0.1"
/** More than a session's life takes. */
const mostWrites = 100
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
 * One session after the other is brought up, read and unmounted; at the nth write of its life the operator dies. Ends
 * with the first session that did not need so many.
 */
function* everyWrite(needs?: "Filesystem claim"): Generator<Fault> {
  const whose = needs === undefined ? "" : ", Filesystem claim"
  for (let nth = 1; nth <= mostWrites; nth++)
    for (const when of ["before", "after"] as const) {
      let write: string | undefined
      let isPlayed = false
      yield {
        get name() {
          return `operator killed ${when} its write ${nth} took effect${whose}${write === undefined ? "" : ` (${write})`}`
        },
        ...(needs && { needs }),
        at: "before",
        strike: async ({ cluster }) => {
          isPlayed = true
          const pid = await leaderProcess(cluster)
          writes?.await(nth, when, async (what) => {
            write = what
            await killNow(cluster, pid)
          })
        },
        hasStruck: () => write !== undefined,
        outcome: "recovers",
      }
      if (isPlayed && write === undefined) return
    }
}

/**
 * One session's life in which no operator lives longer than one write: each dies when its first took effect, or before its
 * second does, so that the life goes on. Finds what the plays above find, in a tenth of the time.
 */
function inOneLife(when: When, needs?: "Filesystem claim"): Fault {
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
      return `operator killed ${when} every${when === "after" ? "" : " second"} write in one life took effect${whose}${times}`
    },
    ...(needs && { needs }),
    prepare: async () => async () => writes?.rest(),
    at: "before",
    strike: async ({ cluster }) => killAtNext(cluster),
    hasStruck: () => kills > 0,
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

function* everyKindOfSession(): Generator<Fault> {
  // more is made for a Filesystem claim, and not all of it has an owner
  for (const needs of [undefined, "Filesystem claim"] as const) {
    yield inOneLife("after", needs)
    yield inOneLife("before", needs)
    yield* everyWrite(needs)
  }
}

/** The operator dies at every single write of a session's life. */
export const operatorWrites: Group = {
  name: "writes",
  inWords: "operator killed before and after each API write of a session's life",
  setUp,
  faults: { [Symbol.iterator]: everyKindOfSession },
}
