import type { ChildStores } from "../../src/controller/deps.ts"
import { Places } from "../../src/controller/places.ts"
import type { Reconciler } from "../../src/controller/reconcile.ts"
import { makeReconciler } from "../../src/controller/reconcile.ts"
import { parseSettings } from "../../src/controller/settings.ts"
import { createMasterKey, loadMasterKey } from "../../src/credentials/master-key.ts"
import { openKube } from "../../src/kube/kube.ts"
import { createAuthority, loadAuthority } from "../../src/pki/authority.ts"
import { type ApiServer, startApiServer } from "./api-server.ts"
import { paths, SessionWorld } from "./session-world.ts"

export const hour = 3_600_000
export const minute = 60_000
export const sessionPath = `${paths.sessions}/orders`
const key = { namespace: "shop", name: "orders" }

/**
 * How an operator looks at the world: through which caches, with which knowledge of who is in progress (absent: it just
 * began to lead), and with a clock that is off by so many milliseconds.
 */
export interface Looks {
  readonly stores?: () => ChildStores
  readonly places?: Places
  readonly later?: number
}

/** An API server, a world around it with a snapshot of claim `data`, and operators for a session called `orders`. */
export interface SessionLab {
  readonly api: ApiServer
  readonly world: SessionWorld
  /** Reasons of the events recorded, in order. */
  readonly events: string[]
  readonly phase: () => string | undefined
  readonly exists: () => boolean
  reconciler(looks?: Looks): Reconciler
  /** One reconcile, after which the world has settled. */
  look(looks?: Looks): Promise<{ requeueAfterMs?: number }>
  /** Reconciles again and again, as the queue does, but without its pauses; failures are tried again, as there. */
  until(done: () => boolean, looks?: Looks): Promise<void>
  close(): Promise<void>
}

const authority = loadAuthority(
  createAuthority({ name: "test", notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() + 24 * hour) }),
)
const masterKey = loadMasterKey(createMasterKey())
const settings = parseSettings(
  JSON.stringify({
    engineImage: "engine:1",
    instance: "test",
    operatorNamespace: "file-recovery",
    operatorLabels: { app: "operator" },
    policies: { prefix: "test-" },
  }),
)
const newPlaces = () => new Places({ namespace: 20, cluster: 100 }, () => undefined)
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined }

export async function openSessionLab(): Promise<SessionLab> {
  const api = await startApiServer()
  const kube = openKube(api.config, { rate: { qps: 10_000, burst: 10_000 } })
  const world = new SessionWorld(api)
  world.snapshot("nightly", "data")
  const events: string[] = []
  const reconciler = ({ stores = () => world.stores, places = newPlaces(), later = 0 }: Looks = {}) =>
    makeReconciler({
      kube: kube.client,
      get stores() {
        return stores()
      },
      places,
      events: { record: (_, { reason }) => events.push(reason), flush: () => Promise.resolve() },
      settings,
      authority: () => authority,
      masterKey: () => masterKey,
      now: () => new Date(Date.now() + later),
      log,
    })
  const exists = () => api.objects.list(paths.sessions, ({ metadata }) => metadata.name === "orders").length > 0
  return {
    api,
    world,
    events,
    phase: () => world.status("orders").phase,
    exists,
    reconciler,
    async look(looks) {
      const result = await reconciler(looks).reconcile(key)
      await world.settled()
      return result
    },
    async until(done, looks) {
      const operator = reconciler(looks)
      let failure: unknown
      for (let count = 0; count < 60; count++) {
        if (done()) return
        failure = await operator.reconcile(key).then(
          () => undefined,
          (error: unknown) => error,
        )
        await world.settled()
      }
      const said = exists() ? world.status("orders").conditions?.map(({ type, message }) => `${type}: ${message}`) : []
      throw new Error(
        `it does not come to that: ${String(failure)}\n${said?.join("\n")}\n${world.leftovers.join("\n")}`,
      )
    },
    async close() {
      kube.connection.close()
      await world.close()
      await api.close()
    },
  }
}
