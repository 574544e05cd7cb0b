import { RecoveryOperator } from "../../src/controller/operator.ts"
import { Places } from "../../src/controller/places.ts"
import { openKube } from "../../src/kube/kube.ts"
import type { Limits } from "../../src/session/line.ts"
import type { SessionLab } from "./session-lab.ts"

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined }

/** A whole operator but for its lease, for the sessions of a lab: watches, workers, and the ledger of who is in progress. */
export async function startOperator(
  lab: SessionLab,
  limits: Limits,
): Promise<{ places: Places; stop(): Promise<void> }> {
  const kube = openKube(lab.api.config, { rate: { qps: 10_000, burst: 10_000 } })
  const places = new Places(limits, (key) => operator.look(key))
  const operator = new RecoveryOperator({
    transport: kube.transport,
    client: kube.client,
    instance: "test",
    log,
    queue: { workers: 8, backoff: { firstMs: 10, capMs: 100 } },
    onSession: (change) => places.changed(change),
  })
  await operator.start()
  const stopping = new AbortController()
  const reconciler = lab.reconciler({ stores: () => operator.children, places })
  const leading = operator.lead(stopping.signal, reconciler)
  return {
    places,
    async stop() {
      stopping.abort()
      operator.stop()
      await Promise.all([leading, operator.stopped()])
      kube.connection.close()
    },
  }
}
