import type { SessionRef } from "../../src/children/names.ts"
import type { ChildStores } from "../../src/controller/deps.ts"
import type { SessionObject } from "../../src/controller/live-sessions.ts"
import { Places } from "../../src/controller/places.ts"
import type { Reconciler } from "../../src/controller/reconcile.ts"
import { makeReconciler } from "../../src/controller/reconcile.ts"
import { parseSettings } from "../../src/api/settings.ts"
import { readKey, suspects } from "../../src/controller/watches.ts"
import { createMasterKey, loadMasterKey } from "../../src/credentials/master-key.ts"
import type { Happening } from "../../src/kube/events.ts"
import type { KindRef } from "../../src/kube/kinds.ts"
import { openKube } from "../../src/kube/kube.ts"
import type { KubeObject } from "../../src/kube/objects.ts"
import { collectionPath } from "../../src/kube/paths.ts"
import { ObjectStore } from "../../src/kube/store.ts"
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
  /** "Pod frsess-orders-1: message" of each that is a Warning. */
  readonly warnings: string[]
  /** What was logged as a warning. */
  readonly logged: string[]
  /** Kinds of the orphans removed, in order, as they are counted. */
  readonly removed: string[]
  readonly phase: () => string | undefined
  readonly exists: () => boolean
  reconciler(looks?: Looks): Reconciler
  /** One reconcile, after which the world has settled. */
  look(looks?: Looks): Promise<{ requeueAfterMs?: number }>
  /** What a sweep for orphans does: a step with what is left of each session that isn't there. */
  sweep(operator?: Reconciler): Promise<void>
  /** Reconciles and sweeps again and again, as the queue does, but without its pauses; failures are tried again, as there. */
  until(done: () => boolean, looks?: Looks): Promise<void>
  close(): Promise<void>
}

const authority = loadAuthority(
  createAuthority({ name: "test", notBefore: new Date(Date.now() - hour), notAfter: new Date(Date.now() + 24 * hour) }),
)
const masterKey = loadMasterKey(createMasterKey())
/** As the chart writes them; whatever isn't named has its default. */
export const installation = {
  engineImage: "engine:1",
  instance: "test",
  operatorNamespace: "file-recovery",
  operatorLabels: { app: "operator" },
  policies: { prefix: "test-" },
}
const newPlaces = () => new Places({ namespace: 20, cluster: 100 }, () => undefined)

/** `changes`: of the operator's settings. */
export async function openSessionLab(changes: object = {}): Promise<SessionLab> {
  const settings = parseSettings(JSON.stringify({ ...installation, ...changes }))
  const api = await startApiServer()
  const kube = openKube(api.config, { rate: { qps: 10_000, burst: 10_000 } })
  const world = new SessionWorld(api)
  world.snapshot("nightly", "data")
  const events: string[] = []
  const warnings: string[] = []
  const logged: string[] = []
  const removed: string[] = []
  const record = ({ kind, metadata }: KubeObject, { type, reason, message }: Happening) => {
    events.push(reason)
    if (type === "Warning") warnings.push(`${kind} ${metadata?.name}: ${message}`)
  }
  const reconciler = (looks: Looks = {}) =>
    makeReconciler({
      kube: kube.client,
      get stores() {
        return (looks.stores ?? (() => world.stores))()
      },
      places: looks.places ?? newPlaces(),
      events: { record, flush: () => Promise.resolve() },
      settings,
      authority: () => authority,
      masterKey: () => masterKey,
      now: () => new Date(Date.now() + (looks.later ?? 0)),
      onOrphanRemoved: (kind) => removed.push(kind),
      log: { debug: () => undefined, info: () => undefined, warn: (_, message) => logged.push(message) },
    })
  const sweep = async (operator: Reconciler) => {
    const store = new ObjectStore<SessionObject>()
    for (const session of api.objects.list(paths.sessions, () => true)) store.set(session as unknown as SessionObject)
    const byUid = (uid: string) => store.list().find(({ metadata }) => metadata.uid === uid)?.metadata.name
    const mirrored = (kind: KindRef) => api.objects.list(collectionPath(kind), () => true)
    const copies = new ObjectStore<never>()
    for (const one of suspects("test", { store, byUid, copies }, mirrored))
      await operator.collect(readKey(one) as SessionRef)
    await world.settled()
  }
  const exists = () => api.objects.list(paths.sessions, ({ metadata }) => metadata.name === "orders").length > 0
  return {
    api,
    world,
    events,
    warnings,
    logged,
    removed,
    phase: () => world.status("orders").phase,
    exists,
    reconciler,
    async look(looks) {
      const result = await reconciler(looks).reconcile(key)
      await world.settled()
      return result
    },
    sweep: (operator = reconciler()) => sweep(operator),
    async until(done, looks) {
      const operator = reconciler(looks)
      let failure: unknown
      for (let count = 0; count < 60; count++) {
        if (done()) return
        failure = await operator
          .reconcile(key)
          .then(() => world.settled())
          .then(() => sweep(operator))
          .catch((error: unknown) => error)
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
