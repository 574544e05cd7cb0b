import { afterEach, beforeEach, expect, test } from "vitest"
import type { SessionSpecInput } from "../../src/api/spec.ts"
import { type ApiServer, send, statusOf } from "../support/api-server.ts"
import { ApiFailure } from "../support/api-objects.ts"
import { dieAtWrite } from "../support/die-at-write.ts"
import { emptyStores } from "../support/empty-stores.ts"
import { type Looks, openSessionLab, type SessionLab, sessionPath } from "../support/session-lab.ts"
import { paths, type SessionWorld } from "../support/session-world.ts"

/** Lives of sessions over a claim with volumeMode Filesystem: what is made to convert it goes, the user's snapshot stays. */
let lab: SessionLab
let api: ApiServer
let world: SessionWorld
beforeEach(async () => {
  lab = await openSessionLab()
  ;({ api, world } = lab)
  world.snapshot("evening", "files", "Filesystem")
})
afterEach(() => lab.close())

const files: SessionSpecInput = { source: { persistentVolumeClaims: [{ name: "files" }] } }
const until = (done: () => boolean, looks?: Looks) => lab.until(done, looks)
const phase = () => lab.phase()
const exists = () => lab.exists()
const isReady = () => phase() === "Ready"
const isOver = () => ["Unmounted", "Expired", "Failed"].includes(phase() ?? "")
const unmount = () => api.objects.patch(sessionPath, { spec: { desiredState: "Unmounted" } })
test("a Filesystem claim is cloned as Block; all of it goes in order, the user's snapshot stays", async () => {
  const { users } = world
  world.session("orders", files)
  await until(isReady)
  const { clones, attachment } = world.status("orders")
  const name = `${attachment?.name}-s0`
  const { uid } = api.objects.get(`${paths.contents}/${name}`).metadata
  expect(clones).toMatchObject([{ size: String(2 ** 30), snapshot: name, content: { name, uid } }])
  expect(api.objects.get(`${paths.contents}/${name}`)["spec"]).toMatchObject({
    deletionPolicy: "Retain",
    source: { snapshotHandle: "handle-of-evening" },
  })
  expect(world.leftovers).toHaveLength(14)
  unmount()
  await until(isOver)
  expect([phase(), world.leftovers]).toEqual(["Unmounted", []])
  expect(world.log).toEqual([
    "restore released",
    "target released",
    ...["target", "restore"].map(() => expect.stringMatching(/^pods .*-0 deleted$/) as string),
    `persistentvolumeclaims ${attachment?.name}-d0 deleted`,
    `persistentvolumes pv-of-${attachment?.name}-d0 deleted`,
    `volumesnapshots ${name} deleted`,
    `volumesnapshotcontents ${name} deleted`,
    `filerecoveryattachments ${attachment?.name} deleted`,
    ...Array.from({ length: 7 }, () => expect.stringMatching(/networkpolicies|secrets|services/) as string),
  ])
  expect(world.users).toEqual(users)
})

test("a temporary snapshot is no recovery point", async () => {
  world.session("orders", files)
  await until(isReady)
  world.session("other", { source: { volumeSnapshots: [{ name: `${world.status("orders").attachment?.name}-s0` }] } })
  await lab.reconciler().reconcile({ namespace: "shop", name: "other" })
  expect(world.status("other").conditions?.[0]?.reason).toBe("SnapshotNotFound")
})

test("a cache that knows nothing delays and breaks nothing", async () => {
  const { users } = world
  world.session("orders", files)
  await until(isReady, { stores: emptyStores })
  unmount()
  await until(isOver, { stores: emptyStores })
  expect([phase(), world.leftovers, world.users]).toEqual(["Unmounted", [], users])
})

test("an attachment that is deleted by hand: all goes, the content last", async () => {
  const { users } = world
  world.session("orders", files)
  await until(isReady)
  const { name } = world.status("orders").attachment ?? {}
  api.objects.remove(`${paths.attachments}/${name}`)
  await until(isOver)
  expect([phase(), world.leftovers, world.users]).toEqual(["Failed", [], users])
  expect(world.log.at(-1)).toBe(`volumesnapshotcontents ${name}-s0 deleted`)
})

test.each(["volumesnapshotcontents", "volumesnapshots"])(
  "%s that may not be made: told, nothing left",
  async (plural) => {
    api.fault = ({ method }, response, url) => {
      if (method !== "POST" || !url.pathname.endsWith(`/${plural}`)) return false
      send(response, 403, statusOf(new ApiFailure(403, "Forbidden", "is forbidden: User")))
      return true
    }
    world.session("orders", files)
    const told = () => world.status("orders").conditions?.find(({ type }) => type === "VolumesReady")
    await until(() => told()?.message.includes("is forbidden: User") === true)
    expect(told()?.reason).toBe("Forbidden")
    api.fault = undefined
    await until(isReady)
    unmount()
    await until(isOver)
    expect(world.leftovers).toEqual([])
  },
)

test("a session that is deleted after any number of looks leaves nothing", async () => {
  const { users } = world
  for (let looks = 0; looks < 9; looks++) {
    world.session("orders", files)
    for (let look = 0; look < looks; look++) {
      await lab.look()
      await world.settled()
    }
    api.objects.remove(sessionPath)
    await until(() => !exists())
    expect(world.leftovers).toEqual([])
  }
  expect(world.users).toEqual(users)
})

test("a content that no longer retains: nothing is removed that would take the user's snapshot along", async () => {
  world.session("orders", files)
  await until(isReady)
  const name = `${world.status("orders").attachment?.name}-s0`
  api.objects.patch(`${paths.contents}/${name}`, { spec: { deletionPolicy: "Delete" } })
  unmount()
  const released = () => world.status("orders").conditions?.find(({ type }) => type === "Released")?.message
  await until(() => released()?.includes("Set it to Retain") === true)
  await lab.look()
  expect(world.leftovers).toHaveLength(14)
  api.objects.patch(`${paths.contents}/${name}`, { spec: { deletionPolicy: "Retain" } })
  await until(isOver)
  expect([world.leftovers, world.log.filter((line) => line.startsWith("erased"))]).toEqual([[], []])
})

test("the content of a session that lost its finalizer is collected last, and only when it retains", async () => {
  const { users } = world
  world.session("orders", files)
  await until(isReady)
  const content = api.objects.get(`${paths.contents}/${world.status("orders").attachment?.name}-s0`)
  api.objects.create(paths.contents, { ...content, metadata: { ...content.metadata, name: "frsess-other-s0" } })
  api.objects.patch(sessionPath, { metadata: { finalizers: [] } })
  api.objects.remove(sessionPath)
  const { name } = content.metadata
  const others = ["volumesnapshotcontents frsess-other-s0"]
  await until(() => world.leftovers.length === 1)
  expect(world.leftovers).toEqual(others)
  const order = [`volumesnapshots ${name} deleted`, `volumesnapshotcontents ${name} deleted`]
  expect(world.log.filter((line) => line.includes("-s0"))).toEqual(order)

  const spec = { ...(content["spec"] as object), deletionPolicy: "Delete" }
  api.objects.create(paths.contents, { ...content, spec } as never)
  await lab.look()
  expect(world.leftovers).toHaveLength(2)
  api.objects.patch(`${paths.contents}/${name}`, { spec: { deletionPolicy: "Retain" } })
  await until(() => world.leftovers.length === 1)
  expect([world.leftovers, world.users]).toEqual([others, users])
})

test("the content of a session that is still there is no orphan", async () => {
  world.session("orders", files)
  await until(isReady)
  await lab.reconciler().reconcile({ namespace: "shop", name: "other" })
  await lab.look()
  expect(world.leftovers).toHaveLength(14)
})

test.each(["before", "after"] as const)(
  "an operator that dies %s any write: the next goes on, nothing twice, nothing left",
  { timeout: 300_000 },
  async (when) => {
    const { users } = world
    let reached = true
    for (let nth = 1; reached; nth++) {
      const has = dieAtWrite(api, nth, when)
      world.session("orders", files)
      await until(isReady)
      expect(world.leftovers).toHaveLength(14)
      api.objects.remove(sessionPath)
      await until(() => !exists())
      expect(world.leftovers).toEqual([])
      reached = has()
      api.fault = undefined
    }
    expect(world.users).toEqual(users)
  },
)
