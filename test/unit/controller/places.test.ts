import { beforeEach, describe, expect, test } from "vitest"
import type { SessionStatus } from "../../../src/api/status.ts"
import type { SessionObject } from "../../../src/controller/live-sessions.ts"
import { Places } from "../../../src/controller/places.ts"
import type { KubeClient } from "../../../src/kube/client.ts"
import type { KindRef } from "../../../src/kube/kinds.ts"

const start = Date.parse("2026-11-22T08:00:00Z")
const inProgress: SessionStatus = { phase: "Provisioning", startedAt: "2026-11-22T08:30:00Z" }
const ended: SessionStatus = { ...inProgress, phase: "Unmounted" }
const pendingFor = (reason: string): SessionStatus => ({
  phase: "Pending",
  conditions: [{ type: "Accepted", status: "False", reason, message: "", lastTransitionTime: "2026-11-22T08:00:00Z" }],
})
const queued = pendingFor("Queued")
const blocked = pendingFor("SnapshotNotFound")

/** A session as decisions know it: the number in its name says how many seconds after the others it was created. */
const ref = (name: string, uid = `uid-of-${name}`) => {
  const createdAt = start + Number(/\d+$/.exec(name)?.[0]) * 1000
  return { namespace: name.slice(0, 1), name, uid, createdAt }
}
const object = (
  name: string,
  status: SessionStatus = {},
  more: { uid?: string; deleted?: true } = {},
): SessionObject => {
  const { namespace, uid, createdAt } = ref(name, more.uid)
  const creationTimestamp = new Date(createdAt).toISOString()
  const metadata = { namespace, name, uid, creationTimestamp, ...(more.deleted && { deletionTimestamp: "now" }) }
  return { metadata, spec: { source: {} }, status } as SessionObject
}
const key = (name: string) => `${name.slice(0, 1)}/${name}`

let woken: string[]
let places: Places
const open = (namespace: number, cluster: number) => new Places({ namespace, cluster }, (key) => woken.push(key))
beforeEach(() => {
  woken = []
  places = open(2, 3)
})

/** As a worker does: asks, and enters what follows. */
function ask(name: string, otherwise: SessionStatus = inProgress): string {
  const queue = places.ask(ref(name))
  places.decided(ref(name), queue && otherwise === inProgress ? queued : otherwise)
  return queue ? `${queue.limit} ${queue.held}/${queue.most}, ${queue.position} of ${queue.waiting}` : "its turn"
}

test("the last place is given once, also before anybody has written or watched that it was taken", () => {
  expect(["a1", "a2", "a3", "b1", "b2"].map((name) => ask(name))).toEqual([
    "its turn",
    "its turn",
    "namespace 2/2, 1 of 1",
    "its turn",
    "cluster 3/3, 1 of 1",
  ])
})

test("who holds a place is counted, who waits is not", () => {
  for (const name of ["a1", "a2", "a3", "b1"]) ask(name)
  expect(places.held).toBe(3)
  places.see(object("b1", ended))
  expect(places.held).toBe(2)
})

describe("news that is old", () => {
  test("what was let in stays in, although a cache still shows it as it was", () => {
    ask("a1")
    for (const status of [{}, queued, blocked]) places.see(object("a1", status))
    places.see(object("a1", {}, { deleted: true }))
    expect([ask("a2"), ask("a3")]).toEqual(["its turn", "namespace 2/2, 1 of 1"])
  })

  test("of a session that is gone, when there is another of its name", () => {
    places.see(object("a1", {}, { uid: "new" }))
    places.decided(ref("a1", "new"), inProgress)
    places.see(object("a1", queued, { uid: "old" }))
    places.gone(key("a1"), "old")
    expect([ask("a2"), ask("a3")]).toEqual(["its turn", "namespace 2/2, 1 of 1"])
  })
})

describe("who is let in first", () => {
  test("a new session waits for an older one that was not looked at yet", () => {
    for (const name of ["a1", "a2", "a3"]) places.see(object(name))
    expect([ask("a3"), ask("a2"), ask("a1")]).toEqual(["namespace 0/2, 3 of 3", "its turn", "its turn"])
  })

  test("but not for one that can't start, or that can't be read", () => {
    for (const name of ["a1", "a2", "a3", "a4"]) places.see(object(name))
    ask("a1", blocked)
    places.stepAside(key("a2"))
    expect([ask("a4"), ask("a3")]).toEqual(["its turn", "its turn"])
  })

  test("one that could not start keeps its place in the order", () => {
    places.decided(ref("a1"), blocked)
    for (const name of ["a2", "a3", "a4", "a5"]) ask(name)
    expect(ask("a1")).toBe("namespace 2/2, 1 of 3")
    expect(ask("a5")).toBe("namespace 2/2, 3 of 3")
  })

  test("one that is deleted or unmounted in the queue makes room at once", () => {
    for (const name of ["a1", "a2", "a3", "a4", "a5"]) ask(name)
    places.see(object("a3", queued, { deleted: true }))
    places.see({ ...object("a4", queued), spec: { source: {}, desiredState: "Unmounted" } })
    expect(ask("a5")).toBe("namespace 2/2, 1 of 1")
    expect(places.waiting).toBe(1)
  })
})

describe("when a place gets free", () => {
  beforeEach(() => {
    for (const name of ["a1", "a2", "b1", "a3", "a4", "b5"]) ask(name)
    woken = []
  })

  test("the first whose turn it is is woken, and nobody else", () => {
    places.see(object("b1", ended))
    expect(woken).toEqual(["b/b5"])
  })

  test("only when the end was written: until then its pods may be there", () => {
    places.decided(ref("a1"), { ...inProgress, phase: "Unmounting" })
    places.decided(ref("a1"), ended)
    expect(woken).toEqual([])
    places.see(object("a1", ended))
    expect(woken).toEqual(["a/a3"])
  })

  test("also when the session is gone without a release", () => {
    places.gone(key("a2"))
    expect(woken).toEqual(["a/a3"])
  })

  test("and when it was given for nothing", () => {
    places.decided(ref("a1"), blocked)
    expect(woken).toEqual(["a/a3"])
  })

  test("who is woken and can't start wakes the next", () => {
    places.see(object("a1", ended))
    ask("a3", blocked)
    expect(woken.splice(0)).toEqual(["a/a3", "a/a4", "b/b5"])
    places.stepAside(key("a4"))
    expect(woken).toEqual(["b/b5"])
  })

  test("a thousand that wait stay asleep but a few", () => {
    for (let count = 10; count < 1010; count++) ask(`a${count}`)
    places.see(object("a2", ended))
    expect(woken.splice(0)).toEqual(["a/a3"])
    expect(ask("a3")).toBe("its turn")
    // and these are told that they have moved up
    expect(woken).toEqual(["a/a4", "b/b5", "a/a10", "a/a11", "a/a12"])
  })
})

describe("another operator begins to lead", () => {
  const kube = (sessions: SessionObject[], begun: string[] = [], failures = 0) => {
    let calls = 0
    const list = async ({ kind }: KindRef) => {
      calls += 1
      if (calls <= failures) throw new Error("unavailable")
      return kind === "FileRecoverySession" ? sessions : begun.map((name) => ({ spec: { sessionUid: ref(name).uid } }))
    }
    return { client: { list } as unknown as KubeClient, calls: () => calls }
  }

  test("who is in progress holds a place, whatever the cache shows", async () => {
    for (const name of ["a1", "a2", "a3"]) places.see(object(name, queued))
    await places.fill(kube([object("a1", inProgress), object("a2", inProgress), object("a3", queued)]).client)
    expect(ask("a3")).toBe("namespace 2/2, 1 of 1")
  })

  test("who has an attachment was let in, even if its operator died before it could say so", async () => {
    const sessions = [object("a1", queued), object("a2", queued), object("a3", queued), object("a4", ended)]
    await places.fill(kube(sessions, ["a2", "a3", "a4"]).client)
    expect([ask("a1"), ask("a2"), ask("a3")]).toEqual(["namespace 2/2, 1 of 1", "its turn", "its turn"])
  })

  test("it is read once, and again only when it could not be", async () => {
    const { client, calls } = kube([object("a1", inProgress)], [], 1)
    await expect(places.fill(client)).rejects.toThrow("unavailable")
    await Promise.all([places.fill(client), places.fill(client)])
    await places.fill(client)
    expect(calls()).toBe(4)
  })
})

test("without limits everybody starts", () => {
  places = open(0, 0)
  expect(Array.from({ length: 300 }, (_, index) => ask(`a${index}`)).filter((said) => said !== "its turn")).toEqual([])
})
