import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { SessionSpecInput } from "../../src/api/spec.ts"
import { type ApiServer, send, statusOf } from "../support/api-server.ts"
import { ApiFailure } from "../support/api-objects.ts"
import { dieAtWrite } from "../support/die-at-write.ts"
import { minute, openSessionLab, type SessionLab, sessionPath } from "../support/session-lab.ts"
import { paths, type SessionWorld } from "../support/session-world.ts"

/** What is left of sessions that went without a release: found, proven to be left over, removed in order, and told. */
let lab: SessionLab
let api: ApiServer
let world: SessionWorld
beforeEach(async () => {
  lab = await openSessionLab()
  ;({ api, world } = lab)
})
afterEach(() => lab.close())

const data: SessionSpecInput = { source: { persistentVolumeClaims: [{ name: "data" }] } }
const isReady = () => lab.phase() === "Ready"
const owned = [paths.pods, paths.claims, paths.services, paths.networkPolicies, paths.secrets, paths.snapshots]
const key = { namespace: "shop", name: "orders" }

/** As nobody should: without its finalizer the session is gone at once. */
function loseSession(): void {
  api.objects.patch(sessionPath, { metadata: { finalizers: [] } })
  api.objects.remove(sessionPath)
}

/** As `kubectl delete --cascade=orphan` does: what it owned has no owner any more. */
function loseAttachment(): void {
  for (const path of owned)
    for (const { metadata } of api.objects.list(path, ({ metadata }) => metadata.name.startsWith("frsess-")))
      api.objects.patch(`${path}/${metadata.name}`, { metadata: { ownerReferences: null } })
  api.objects.remove(`${paths.attachments}/${world.status("orders").attachment?.name}`)
}

async function ready(spec = data): Promise<void> {
  world.session("orders", spec)
  await lab.until(isReady)
}

/** Sweeps until one changes nothing. */
async function sweepAll(): Promise<void> {
  for (let before = -1; before !== api.objects.version;) {
    before = api.objects.version
    await lab.sweep()
  }
}

/** Requests about sessions are answered so, until told otherwise. */
function answerSessions(code: number, reason: string): void {
  api.fault = (_, response, url) => {
    if (!url.pathname.includes("/filerecoverysessions")) return false
    send(response, code, statusOf(new ApiFailure(code, reason, "no answer about sessions")))
    return true
  }
}

test("a session that lost its finalizer: pods first, what guards them last, and each removal is told", async () => {
  await ready()
  const name = world.status("orders").attachment?.name ?? ""
  const { uid } = api.objects.get(sessionPath).metadata
  loseSession()
  await sweepAll()
  expect(world.leftovers).toEqual([])
  expect(lab.removed).toEqual(["Pod", "Pod", "PersistentVolumeClaim", "FileRecoveryAttachment"])
  expect(lab.warnings).toHaveLength(4)
  expect(lab.warnings.at(-1)).toBe(
    `FileRecoveryAttachment ${name}: FileRecoveryAttachment ${name} was removed: the session it was made for, shop/orders (${uid}), is gone without a release.`,
  )
  expect(lab.events.slice(-4)).toEqual(Array.from({ length: 4 }, () => "OrphanRemoved"))
  expect(lab.logged).toEqual(Array.from({ length: 4 }, () => "an orphan was removed"))
})

test("a session of the same name made meanwhile is left alone, its predecessor's is not", async () => {
  await ready()
  loseSession()
  await ready()
  await sweepAll()
  expect(world.leftovers).toHaveLength(12)
  expect(isReady()).toBe(true)
})

test("attachment and owners lost as well: all goes but the Secrets, which the operator can't list", async () => {
  await ready()
  loseAttachment()
  loseSession()
  await sweepAll()
  expect(world.leftovers).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(/^secrets /) as string))
  expect(lab.removed.slice(-4)).toEqual(["Service", "Service", "NetworkPolicy", "NetworkPolicy"])
})

test("a converted volume mode: the order of a release, the user's snapshot stays", async () => {
  world.snapshot("evening", "files", "Filesystem")
  const { users } = world
  await ready({ source: { persistentVolumeClaims: [{ name: "files" }] } })
  loseSession()
  await sweepAll()
  expect([world.leftovers, world.users]).toEqual([[], users])
  const kinds = ["Pod", "Pod", "PersistentVolumeClaim", "VolumeSnapshot", "VolumeSnapshotContent"]
  expect(lab.removed).toEqual([...kinds, "FileRecoveryAttachment"])
})

test("a content that no longer retains: snapshot, content and attachment stay, and it is told why", async () => {
  world.snapshot("evening", "files", "Filesystem")
  await ready({ source: { persistentVolumeClaims: [{ name: "files" }] } })
  const content = `${paths.contents}/${world.status("orders").attachment?.name}-s0`
  api.objects.patch(content, { spec: { deletionPolicy: "Delete" } })
  loseSession()
  await sweepAll()
  expect(lab.removed).toEqual(["Pod", "Pod", "PersistentVolumeClaim"])
  expect(lab.logged.at(-1)).toContain("Set it to Retain.")
  api.objects.patch(content, { spec: { deletionPolicy: "Retain" } })
  await sweepAll()
  expect([world.leftovers, world.log.filter((line) => line.startsWith("erased"))]).toEqual([[], []])
})

test("a name longer than a label holds", async () => {
  const name = `${"orders.".repeat(30)}x`
  world.session(name, data)
  for (let look = 0; look < 20; look++) {
    await lab.reconciler().reconcile({ ...key, name })
    await world.settled()
  }
  expect([world.status(name).phase, world.leftovers.length]).toEqual(["Ready", 12])
  await sweepAll()
  expect(world.leftovers).toHaveLength(12)
  api.objects.patch(`${paths.sessions}/${name}`, { metadata: { finalizers: [] } })
  api.objects.remove(`${paths.sessions}/${name}`)
  const { orphans = [] } = await lab.reconciler().reconcile({ ...key, name })
  expect(orphans).toHaveLength(1)
  await sweepAll()
  expect(world.leftovers).toEqual([])
})

describe("is no orphan", () => {
  const labels = {
    "filerecovery.dev/session": "orders",
    "filerecovery.dev/session-uid": "0f5c8a4e-7f1b-4a3a-9f0e-2f1f6d7c9b10",
    "filerecovery.dev/instance": "test",
  }
  test.each([
    ["what another installation made", "frsess-orders-9d54e48d-d0", { "filerecovery.dev/instance": "another" }],
    ["what has our labels, but another name", "data", {}],
    ["what has our labels, but another session's name", "frsess-orders-00000000-d0", {}],
  ])("%s", async (_, name, changes) => {
    const metadata = { name, namespace: "shop", labels: { ...labels, ...changes } }
    const like = { ...metadata, name: "frsess-orders-9d54e48d-target", labels }
    for (const one of [metadata, like]) api.objects.create(paths.networkPolicies, { metadata: one })
    await sweepAll()
    expect([world.leftovers, lab.removed]).toEqual([[`networkpolicies ${name}`], ["NetworkPolicy"]])
  })

  test("what is there because its session is", async () => {
    await ready()
    const { uid } = api.objects.get(sessionPath).metadata
    expect(await lab.reconciler().collect({ ...key, uid })).toEqual({})
    expect(world.leftovers).toHaveLength(12)
  })
})

describe("nobody can say whether the session is gone", () => {
  test.each([
    [403, "Forbidden"],
    [500, "InternalError"],
    [503, "ServiceUnavailable"],
  ])("%i: what is left stays, until there is an answer", async (code, reason) => {
    await ready()
    loseSession()
    answerSessions(code, reason)
    await expect(lab.sweep()).rejects.toThrow("no answer about sessions")
    expect([world.leftovers.length, lab.removed]).toEqual([12, []])
    api.fault = undefined
    await sweepAll()
    expect(world.leftovers).toEqual([])
  })
})

describe("the API server does not know the kind", () => {
  /** Looks at the session every minute; the answers say what came of it. */
  async function lookEveryMinute(count: number, looks: { later: number }): Promise<string[]> {
    const operator = lab.reconciler(looks)
    const answers: string[] = []
    for (let look = 0; look < count; look++, looks.later += minute) {
      const answer = await operator.reconcile(key).then(
        ({ orphans }) => `${orphans?.length ?? "no"} orphans`,
        (error: unknown) => String(error),
      )
      answers.push(answer)
    }
    return answers
  }
  const unknown = () => answerSessions(404, "NotFound")

  test("for some minutes: the session goes on, nothing is removed", async () => {
    await ready()
    unknown()
    const looks = { later: 0 }
    expect(new Set(await lookEveryMinute(9, looks))).toEqual(
      new Set(["RecoveryError: list filerecoverysessions: no answer about sessions"]),
    )
    api.fault = undefined
    await sweepAll()
    expect(await lookEveryMinute(1, looks)).toEqual(["no orphans"])
    expect([isReady(), world.leftovers.length, lab.removed]).toEqual([true, 12, []])
  })

  test("for 10 minutes: its sessions are gone, what is left of them goes", async () => {
    await ready()
    const looks = { later: 0 }
    const operator = lab.reconciler(looks)
    await operator.reconcile(key) // whoever leads has known the kind
    unknown()
    const { uid } = api.objects.get(sessionPath).metadata
    const collect = () => operator.collect({ ...key, uid }).finally(() => world.settled())
    for (; looks.later < 10 * minute; looks.later += minute) await expect(collect()).rejects.toThrow("no answer")
    expect(await operator.reconcile(key)).toEqual({ orphans: [{ ...key, uid }] })
    while ((await collect()).requeueAfterMs !== undefined);
    expect(world.leftovers).toEqual([])
  })

  test("now and again: nobody has seen it missing for 10 minutes", async () => {
    await ready()
    const looks = { later: 0 }
    const operator = lab.reconciler(looks)
    await operator.reconcile(key)
    unknown()
    for (; looks.later < 60 * minute; looks.later += 11 * minute)
      await expect(operator.reconcile(key)).rejects.toThrow("no answer")
    expect(world.leftovers).toHaveLength(12)
  })

  test("that of attachments: they are gone with their kind, the rest is collected", async () => {
    await ready()
    loseAttachment()
    loseSession()
    api.fault = (_, response, url) => {
      if (!url.pathname.endsWith("/filerecoveryattachments")) return false
      response.writeHead(404).end("404 page not found\n")
      return true
    }
    await sweepAll()
    expect(world.leftovers.filter((one) => !one.startsWith("secrets"))).toEqual([])
  })
})

test.each(["before", "after"] as const)(
  "an operator that dies %s any write: the next goes on, nothing is left",
  { timeout: 300_000 },
  async (when) => {
    let reached = true
    for (let nth = 1; reached; nth++) {
      await ready()
      loseSession()
      const has = dieAtWrite(api, nth, when)
      await lab.until(() => world.leftovers.length === 0)
      expect(world.leftovers).toEqual([])
      reached = has()
      api.fault = undefined
    }
  },
)
