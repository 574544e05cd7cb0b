import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { SessionSpecInput } from "../../src/api/spec.ts"
import type { SessionStatus } from "../../src/api/status.ts"
import { Places } from "../../src/controller/places.ts"
import { dieAtWrite } from "../support/die-at-write.ts"
import { emptyStores } from "../support/empty-stores.ts"
import { openSessionLab, type SessionLab } from "../support/session-lab.ts"
import { startOperator } from "../support/session-operator.ts"
import { paths } from "../support/session-world.ts"
import { waitFor } from "../support/wait.ts"

/** More sessions than may be in progress at once: real operators with real watches; an API server in this process. */
let lab: SessionLab
const stops: (() => Promise<void>)[] = []
beforeEach(async () => void (lab = await openSessionLab()))
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  await lab.close()
})

const over = (claim: string): SessionSpecInput => ({ source: { persistentVolumeClaims: [{ name: claim }] } })
/** Creates a session; the name's number says how many seconds after the first. */
const create = (name: string, claim = "data") => {
  const at = Date.now() - 60_000 + Number(/\d+$/.exec(name)?.[0]) * 1000
  lab.world.session(name, over(claim), { creationTimestamp: `${new Date(at).toISOString().slice(0, 19)}Z` })
}
const unmount = (name: string) =>
  lab.api.objects.patch(`${paths.sessions}/${name}`, { spec: { desiredState: "Unmounted" } })
const start = async (namespace: number, cluster = 0) => {
  const operator = await startOperator(lab, { namespace, cluster })
  stops.push(() => operator.stop())
  return operator
}

const said = (name: string) => {
  const { phase = "", conditions = [] } = lab.world.status(name)
  const accepted = conditions.find(({ type }) => type === "Accepted")
  return accepted?.status === "False" ? `${accepted.reason}: ${accepted.message}` : phase
}
/** Waits until every session says what it should: a phase, a reason, a part of the message. Shorter than any poll of who waits. */
const until = (expected: Record<string, string>, seconds = 8) => {
  const isSo = () => Object.entries(expected).every(([name, words]) => said(name).includes(words))
  const all = () => JSON.stringify(Object.keys(expected).map((name) => `${name}: ${said(name)}`))
  return waitFor(JSON.stringify(expected), async () => isSo(), { seconds, everyMs: 20, describe: all })
}

const isInProgress = ({ phase, startedAt }: SessionStatus) =>
  startedAt !== undefined && !["Unmounted", "Expired", "Failed"].includes(phase ?? "")

/** Who started, in order, and how many were ever in progress at once, by all that the API server was ever told. */
function history(): { started: string[]; most: number } {
  const now = new Set<string>()
  const started: string[] = []
  let most = 0
  for (const { collection, type, object } of lab.api.objects.history) {
    if (collection !== paths.sessions) continue
    const { name } = object.metadata
    const is = type !== "DELETED" && isInProgress((object["status"] as SessionStatus | undefined) ?? {})
    if (is && !now.has(name)) started.push(name)
    if (is) now.add(name)
    else now.delete(name)
    most = Math.max(most, now.size)
  }
  return { started, most }
}

describe("with two places", () => {
  test("first in, first out, never a third, and each starts as soon as one ends", async () => {
    for (const name of ["s4", "s1", "s5", "s3", "s2"]) create(name)
    const { places } = await start(2)
    await until({ s1: "Ready", s2: "Ready", s3: "1st of 3", s4: "2nd of 3", s5: "3rd of 3" })
    expect(said("s3")).toContain("2 sessions are in progress in namespace shop")
    expect(lab.world.status("s3").startedAt).toBeUndefined()
    expect(places.waiting).toBe(3)
    unmount("s2")
    await until({ s2: "Unmounted", s3: "Ready" })
    unmount("s1")
    await until({ s1: "Unmounted", s4: "Ready" })
    unmount("s3")
    await until({ s5: "Ready" })
    expect(history()).toEqual({ started: ["s1", "s2", "s3", "s4", "s5"], most: 2 })
  })

  test("who waits for something else holds nobody up, and has its turn as soon as it can start", async () => {
    create("s1", "nothing")
    await start(2)
    await until({ s1: "NoRecoveryPoint" })
    for (const name of ["s2", "s3", "s4"]) create(name)
    await until({ s2: "Ready", s3: "Ready", s4: "1st of 1" })
    lab.world.snapshot("late", "nothing")
    await until({ s1: "1st of 2" })
    unmount("s2")
    await until({ s1: "Ready", s4: "Queued" })
    expect(history()).toEqual({ started: ["s2", "s3", "s1"], most: 2 })
  })

  test("who was able to start and isn't any more lets the next go first", async () => {
    lab.world.snapshot("weekly", "other")
    for (const [name, claim] of [["s1"], ["s2"], ["s3", "other"], ["s4"]] as const) create(name, claim)
    await start(2)
    await until({ s1: "Ready", s2: "Ready", s3: "1st of 2", s4: "2nd of 2" })
    lab.api.objects.remove(`${paths.snapshots}/weekly`)
    unmount("s1")
    await until({ s4: "Ready", s3: "NoRecoveryPoint" })
    expect(lab.world.status("s3").pendingSince).toBeDefined()
  })

  test("in the queue, unmounting and deletion are immediate", async () => {
    for (const name of ["s1", "s2", "s3", "s4"]) create(name)
    await start(2)
    await until({ s1: "Ready", s2: "Ready", s3: "1st of 2", s4: "2nd of 2" })
    unmount("s3")
    await waitFor("s3 to end", async () => lab.world.status("s3").phase === "Unmounted", { seconds: 5 })
    lab.api.objects.remove(`${paths.sessions}/s4`)
    const names = lab.api.objects.list(paths.sessions, () => true).map(({ metadata }) => metadata.name)
    expect(names).toEqual(["s1", "s2", "s3"])
    expect(history().most).toBe(2)
  })

  test("the cluster's limit counts, too", async () => {
    for (const name of ["s1", "s2", "s3"]) create(name)
    await start(0, 2)
    await until({ s1: "Ready", s2: "Ready", s3: "2 sessions are in progress in the cluster" })
    expect(history()).toEqual({ started: ["s1", "s2"], most: 2 })
  })

  test("another operator takes over: who is in progress holds a place, who waits is let in by it", async () => {
    for (const name of ["s1", "s2", "s3", "s4"]) create(name)
    const first = await start(2)
    await until({ s1: "Ready", s2: "Ready", s3: "1st of 2" })
    stops.splice(0)
    await first.stop()
    unmount("s1")
    await start(2)
    await until({ s1: "Unmounted", s3: "Ready", s4: "Queued" })
    expect(history()).toEqual({ started: ["s1", "s2", "s3"], most: 2 })
  })
})

describe("with one place", () => {
  const one = { namespace: 1, cluster: 0 }
  const key = (name: string) => ({ namespace: "shop", name })

  test("two workers who let somebody in at the same time, with a cache that learns nothing", async () => {
    const reconciler = lab.reconciler({ places: new Places(one, () => undefined), stores: emptyStores })
    create("s1", "late")
    await reconciler.reconcile(key("s1"))
    expect(said("s1")).toContain("NoRecoveryPoint")
    // from now on both can start, and neither has to wait for the other
    lab.world.snapshot("weekly", "late")
    create("s2")
    await Promise.all(["s1", "s2"].map((name) => reconciler.reconcile(key(name))))
    expect(history()).toMatchObject({ most: 1 })
    expect(["s1", "s2"].filter((name) => said(name).startsWith("Queued"))).toHaveLength(1)
  })

  test("who is told again where it stands costs one request", async () => {
    const places = new Places(one, () => undefined)
    create("s1")
    create("s2")
    const reconciler = lab.reconciler({ places })
    await reconciler.reconcile(key("s1"))
    await reconciler.reconcile(key("s2"))
    const before = lab.api.requests.length
    expect(await reconciler.reconcile(key("s2"))).toEqual({ requeueAfterMs: 10_000 })
    expect(lab.api.requests.slice(before).map(({ method, url }) => `${method} ${url.pathname}`)).toEqual([
      `GET ${paths.sessions}/s2`,
    ])
  })

  test.each(["before", "after"] as const)(
    "an operator that dies %s any write: the next gives no place twice, and none gets lost",
    { timeout: 300_000 },
    async (when) => {
      const both = ["s1", "s2"]
      const phases = () => both.map((name) => lab.world.status(name).phase ?? "Pending")
      const attachments = (name: string) =>
        lab.api.objects.list(paths.attachments, ({ metadata }) => metadata.name.startsWith(`frsess-${name}-`)).length
      /** Looks at both, first at whom nothing was made for, as an operator does that began to lead just now. */
      const look = async (): Promise<void> => {
        const reconciler = lab.reconciler({ places: new Places(one, () => undefined) })
        for (const name of both.toSorted((a, b) => attachments(a) - attachments(b)))
          await reconciler.reconcile(key(name)).catch(() => undefined)
        await lab.world.settled()
        expect(attachments("s1") + attachments("s2")).toBeLessThanOrEqual(1)
      }
      let reached = true
      for (let nth = 1; reached; nth++) {
        const has = dieAtWrite(lab.api, nth, when)
        for (const name of both) create(name)
        for (let looks = 0; looks < 60 && !phases().every((phase) => phase === "Unmounted"); looks++) {
          await look()
          const ready = both.find((name) => lab.world.status(name).phase === "Ready")
          if (ready !== undefined) unmount(ready)
        }
        expect(phases(), `dead at write ${nth}`).toEqual(["Unmounted", "Unmounted"])
        reached = has()
        lab.api.fault = undefined
        for (const name of both) lab.api.objects.remove(`${paths.sessions}/${name}`)
        await look()
        expect(lab.world.leftovers).toEqual([])
      }
      expect(history().most).toBe(1)
    },
  )
})
