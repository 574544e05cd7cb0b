import { z } from "zod"
import type { Qmp } from "../qmp.ts"
import { untilEvent } from "../qmp-event.ts"

const runState = z.object({ status: z.string() })

/**
 * A machine that goes on from a saved state takes no devices before all of that has been loaded. Resolves when it runs, at
 * once where it was booted; rejects when QEMU ends because it can't make use of the state.
 */
export async function untilRestored(qmp: Qmp): Promise<void> {
  await untilEvent(
    qmp,
    ({ event }) => event === "RESUME",
    async () => runState.parse(await qmp.execute("query-status")).status !== "inmigrate",
  )
}
