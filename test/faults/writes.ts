import { existsSync } from "node:fs"
import { openCluster } from "../support/cluster.ts"
import type { Fault, Group, Undo } from "./fault.ts"
import { auditOperator } from "./hands/audit.ts"
import { leaderProcess, replaceLeader } from "./hands/operator.ts"
import { Writes } from "./hands/writes.ts"

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
            process.kill(pid, "SIGKILL")
            while (existsSync(`/proc/${pid}`)) await new Promise(setImmediate)
            await replaceLeader(cluster)
          })
        },
        hasStruck: () => write !== undefined,
        outcome: "recovers",
      }
      if (isPlayed && write === undefined) return
    }
}

function* everyKindOfSession(): Generator<Fault> {
  yield* everyWrite()
  // more is made for it, and not all of it has an owner
  yield* everyWrite("Filesystem claim")
}

/** The operator dies at every single write of a session's life. */
export const operatorWrites: Group = {
  name: "writes",
  inWords: "operator killed before and after each API write of a session's life",
  setUp,
  faults: { [Symbol.iterator]: everyKindOfSession },
}
