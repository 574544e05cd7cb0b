import { afterEach, beforeEach, expect, test } from "vitest"
import type { SessionSpecInput } from "../../src/api/spec.ts"
import { type ApiServer, send, statusOf } from "../support/api-server.ts"
import { ApiFailure } from "../support/api-objects.ts"
import { dieAtWrite } from "../support/die-at-write.ts"
import { emptyStores } from "../support/empty-stores.ts"
import { hour, type Looks, openSessionLab, type SessionLab, sessionPath } from "../support/session-lab.ts"
import { paths, type SessionWorld } from "../support/session-world.ts"

/** Whole lives of sessions: real reconciles, a real client, real control ports; an API server in this process. */
let lab: SessionLab
let api: ApiServer
let world: SessionWorld
let events: string[]
beforeEach(async () => {
  lab = await openSessionLab()
  ;({ api, world, events } = lab)
})
afterEach(() => lab.close())

const source: SessionSpecInput = { source: { persistentVolumeClaims: [{ name: "data" }] } }
const until = (done: () => boolean, looks?: Looks) => lab.until(done, looks)
const phase = () => lab.phase()
const exists = () => lab.exists()
const isReady = () => phase() === "Ready"
const isOver = () => ["Unmounted", "Expired", "Failed"].includes(phase() ?? "")
const unmount = () => api.objects.patch(sessionPath, { spec: { desiredState: "Unmounted" } })

test("from a claim to files and back to nothing, in order", async () => {
  world.session("orders", source)
  await until(isReady)
  expect(world.leftovers).toHaveLength(1 + 2 + 1 + 2 + 3 + 2 + 1)
  const { access, volumes, attachment } = world.status("orders")
  expect([access?.httpsPort, volumes?.[0]?.path]).toEqual([8443, "data"])
  unmount()
  await until(isOver)
  expect(phase()).toBe("Unmounted")
  expect(world.leftovers).toEqual([])
  expect(api.objects.get(sessionPath).metadata.finalizers).toEqual([])
  const order = world.log.filter((line) => /released|filerecoveryattachments|pods .*target/.test(line))
  expect(order).toEqual([
    "restore released",
    "target released",
    `filerecoveryattachments ${attachment?.name} deleted`,
    `pods ${attachment?.name}-target-0 deleted`,
  ])
  expect(world.status("orders").release).toMatchObject({
    reason: "UnmountRequested",
    initiatorsAtRelease: 0,
    bytesServed: 4096,
    filesRead: 3,
  })
  expect(events.slice(0, 4)).toEqual(["Provisioning", "Ready", "Unmounting", "Unmounted"])
})

test("several recovery points: each is cloned, and has a guest of its own", async () => {
  world.snapshot("weekly", "data")
  world.session("orders", { ...source, recoveryPoints: [{ name: "weekly" }, { name: "nightly" }] })
  await until(isReady)
  const { recoveryPoints, clones = [], attachment } = world.status("orders")
  expect(recoveryPoints?.map(({ point, disk, name }) => `${point} ${disk} ${name}`)).toEqual([
    "1 data weekly",
    "2 data nightly",
  ])
  const made = clones.map(({ claim }) => api.objects.get(`${paths.claims}/${claim}`) as unknown as { spec: object })
  expect(made.map(({ spec }) => spec)).toMatchObject([
    { dataSource: { name: "weekly" } },
    { dataSource: { name: "nightly" } },
  ])
  const { spec } = api.objects.get(`${paths.pods}/${attachment?.name}-restore-0`) as unknown as {
    spec: { containers: { name: string; args: string[] }[] }
  }
  expect(spec.containers.map(({ name }) => name)).toEqual(["files", "guest-1", "guest-2"])
  expect(spec.containers[0]?.args.filter((_, index, args) => args[index - 1] === "--point")).toEqual(
    recoveryPoints?.map(({ time }) => time),
  )
  unmount()
  await until(isOver)
  expect([phase(), world.leftovers]).toEqual(["Unmounted", []])
})

test("a session that is deleted goes when everything of it is gone", async () => {
  world.session("orders", source)
  await until(isReady)
  api.objects.remove(sessionPath)
  expect(exists()).toBe(true)
  await until(() => !exists())
  expect(world.leftovers).toEqual([])
})

test("a session whose time is up while nobody looked", async () => {
  world.session("orders", source)
  await until(isReady)
  // the pods have their own clocks
  for (const { metadata } of api.objects.list(paths.pods, () => true))
    api.objects.patch(`${paths.pods}/${metadata.name}`, { status: { phase: "Succeeded" } })
  await until(isOver, { later: 13 * hour })
  expect([phase(), world.leftovers]).toEqual(["Expired", []])
})

test("a cache that knows nothing delays and breaks nothing", async () => {
  world.session("orders", source)
  await until(isReady, { stores: emptyStores })
  expect(api.objects.list(paths.pods, () => true)).toHaveLength(2)
  unmount()
  await until(isOver, { stores: emptyStores })
  expect([phase(), world.leftovers]).toEqual(["Unmounted", []])
})

test("pods that are lost are replaced, and the session is ready again", async () => {
  world.session("orders", source)
  await until(isReady)
  const name = world.status("orders").attachment?.name
  api.objects.remove(`${paths.pods}/${name}-target-0`)
  api.objects.remove(`${paths.pods}/${name}-restore-0`)
  await world.settled()
  const readyAgain = () => world.status("orders").conditions?.find(({ type }) => type === "Ready")?.status === "True"
  await until(() => !readyAgain())
  expect(phase()).toBe("Ready")
  await until(readyAgain)
  expect(api.objects.list(paths.pods, () => true).map(({ metadata }) => metadata.name)).toEqual([
    `${name}-target-1`,
    `${name}-restore-1`,
  ])
})

test.each(["Block", "Filesystem"])(
  "a node that is lost keeps its clone, of a %s claim: the next target gets another, and both go in the end",
  async (mode) => {
    world.snapshot("moved", "moved", mode)
    world.session("orders", { source: { persistentVolumeClaims: [{ name: "moved" }] } })
    await until(isReady)
    const name = world.status("orders").attachment?.name
    await world.loseNode(`${name}-target-0`)
    const targets = () => world.status("orders").targets?.map(({ podName }) => podName)
    await until(() => targets()?.[0] === `${name}-target-1` && isReady())
    const clones = world.status("orders").clones?.map(({ claim, lostNode }) => `${claim} ${lostNode}`)
    expect(clones).toEqual([`${name}-d0-1 undefined`, `${name}-d0 n1`])
    expect(world.leftovers).toEqual(
      expect.arrayContaining([`persistentvolumes pv-of-${name}-d0`, `persistentvolumes pv-of-${name}-d0-1`]),
    )
    api.objects.patch(sessionPath, { spec: { desiredState: "Unmounted" } })
    await until(() => phase() === "Unmounted")
    expect(world.leftovers).toEqual([])
    expect(world.log.filter((line) => line.startsWith("erased"))).toEqual([])
  },
)

test.each([
  ["persistentvolumeclaims", "exceeded quota: compute", "VolumesReady", "QuotaExceeded"],
  ["pods", 'violates PodSecurity "restricted:latest"', "TargetServing", "PodRefused"],
])("%s that the API server refuses are told, and made when it allows them", async (plural, words, type, reason) => {
  api.fault = ({ method }, response, url) => {
    if (method !== "POST" || !url.pathname.endsWith(plural) || url.searchParams.has("dryRun")) return false
    const status = statusOf(new ApiFailure(403, "Forbidden", words))
    send(response, 403, { ...status, details: { kind: plural } })
    return true
  }
  world.session("orders", source)
  const told = () => world.status("orders").conditions?.find((one) => one.type === type)
  await until(() => told()?.reason === reason)
  expect(told()?.message).toContain(words)
  const look = () => lab.look()
  await look()
  const version = api.objects.get(sessionPath).metadata.resourceVersion
  expect(await look()).toEqual({ requeueAfterMs: 5000 })
  expect(api.objects.get(sessionPath).metadata.resourceVersion).toBe(version)
  api.fault = undefined
  await until(isReady)
  expect(world.status("orders").targets?.[0]?.podName).toMatch(/-target-0$/)
})

test.each([
  ["gone", () => undefined],
  ["another of its name", () => world.session("orders", { ...source, desiredState: "Unmounted" })],
])("a session that lost its finalizer and is %s leaves orphans, which are collected", async (_, next) => {
  world.session("orders", source)
  await until(isReady)
  const orphan = world.status("orders").attachment?.name
  api.objects.patch(sessionPath, { metadata: { finalizers: [] } })
  api.objects.remove(sessionPath)
  next()
  await until(() => world.leftovers.length === 0)
  expect(world.log).toContain(`filerecoveryattachments ${orphan} deleted`)
})

test("another session's attachment is no orphan", async () => {
  world.session("orders", source)
  await until(isReady)
  await lab.reconciler().reconcile({ namespace: "shop", name: "other" })
  expect(world.leftovers).toHaveLength(12)
})

test("a cluster without snapshots has no recovery point", async () => {
  api.fault = ({ method }, response, url) => {
    if (method !== "GET" || !url.pathname.endsWith("volumesnapshots")) return false
    send(response, 404, statusOf(new ApiFailure(404, "NotFound", "the server could not find the requested resource")))
    return true
  }
  world.session("orders", source)
  await until(() => phase() === "Pending")
  expect(world.status("orders").conditions?.[0]?.reason).toBe("NoRecoveryPoint")
})

test("a session that has come to rest writes nothing", async () => {
  world.session("orders", source)
  await until(isReady)
  await lab.look()
  const { version } = api.objects
  const { requeueAfterMs } = await lab.look()
  expect([api.objects.version, requeueAfterMs]).toEqual([version, 15_000])
})

test.each(["before", "after"] as const)(
  "an operator that dies %s any write: the next goes on, nothing twice, nothing left",
  { timeout: 300_000 },
  async (when) => {
    let reached = true
    for (let nth = 1; reached; nth++) {
      const has = dieAtWrite(api, nth, when)
      world.session("orders", source)
      await until(isReady)
      expect(world.leftovers).toHaveLength(12)
      api.objects.remove(sessionPath)
      await until(() => !exists())
      expect(world.leftovers).toEqual([])
      reached = has()
      api.fault = undefined
    }
  },
)
