import { afterEach, beforeEach, expect, test } from "vitest"
import type { CopySpecInput } from "../../src/api/copy.ts"
import { copyPath, CopyWorld } from "../support/copy-world.ts"
import { ApiFailure } from "../support/api-objects.ts"
import { send, statusOf } from "../support/api-server.ts"
import { dieAtWrite } from "../support/die-at-write.ts"
import { hour, openSessionLab, type SessionLab, sessionPath } from "../support/session-lab.ts"
import { paths } from "../support/session-world.ts"

/** Whole lives of copies: real reconciles, a real client, an API server in this process; what the pods do is told. */
let lab: SessionLab
let copies: CopyWorld
beforeEach(async () => {
  lab = await openSessionLab()
  copies = new CopyWorld(lab)
})
afterEach(() => lab.close())

const source: CopySpecInput["source"] = { persistentVolumeClaims: [{ name: "data" }] }
const session: CopySpecInput["session"] = { name: "orders" }
const phase = () => copies.status.phase
const onePod = () => copies.pods.length === 1
const isOver = () => phase() === "Complete" || phase() === "Failed"
const open = () => lab.world.session("orders", { source: { persistentVolumeClaims: [{ name: "data" }] } })

test("from one object to the files, and nothing left but them", async () => {
  copies.claim()
  copies.create({ source })
  await copies.until(onePod)
  const [name = ""] = copies.sessions
  expect(name).toMatch(/^restore-[0-9a-f]{8}$/)
  expect(copies.status).toMatchObject({ phase: "Copying", session: { name } })
  expect(copies.policies).toHaveLength(2)
  copies.says({ files: 3, bytes: 4096, skipped: 1 })
  await copies.until(isOver)
  expect(copies.status).toMatchObject({ phase: "Complete", files: 3, bytes: 4096, skipped: 1, failed: 0 })
  expect([copies.condition("Complete"), copies.condition("Failed")]).toEqual(["True Copied", undefined])
  expect([copies.sessions, copies.policies, lab.world.leftovers]).toEqual([[], [], []])
  expect(lab.events.filter((reason) => ["Copying", "Closing", "Complete"].includes(reason))).toEqual([
    "Copying",
    "Closing",
    "Complete",
  ])
})

test("the pod mounts the access Secret and the claim, and nothing else", async () => {
  copies.claim()
  open()
  copies.create({ session, conflict: "Rename" })
  await copies.until(onePod)
  const [pod] = copies.pods
  if (!pod) throw new Error("there is no pod")
  const { volumes, containers } = pod["spec"] as { volumes: object[]; containers: { args: string[] }[] }
  expect(volumes).toEqual([
    {
      name: "secrets",
      secret: { secretName: expect.stringMatching(/^frsess-.*-access$/) as string, defaultMode: 0o444 },
    },
    { name: "destination", persistentVolumeClaim: { claimName: "restored" } },
  ])
  expect(containers[0]?.args.slice(-4)).toEqual(["--conflict", "Rename", "--path", "data:/orders"])
})

test.each([
  [false, "Ready"],
  [true, "Unmounted"],
])("of a session that is there, close %s: it is %s then", async (close, then) => {
  copies.claim()
  open()
  copies.create({ session: { name: "orders", close } })
  await copies.until(onePod)
  copies.says({ files: 1 })
  await copies.until(isOver)
  expect([phase(), lab.phase(), copies.pods, copies.policies]).toEqual(["Complete", then, [], []])
})

test("what is missing is waited for: the session, then the claim", async () => {
  copies.create({ session })
  await copies.until(() => copies.condition("Complete") === "False SessionNotFound")
  open()
  await copies.until(() => copies.condition("Complete") === "False DestinationNotFound")
  copies.claim()
  await copies.until(onePod)
  expect(phase()).toBe("Copying")
})

test("but not for ever", async () => {
  copies.create({ session })
  await copies.until(isOver, { later: 2 * hour })
  expect([phase(), copies.condition("Failed"), copies.condition("Stalled")]).toEqual([
    "Failed",
    "True PendingTimeout",
    "True PendingTimeout",
  ])
})

test("a pod that is lost is followed by the next, one that says it was interrupted as well", async () => {
  copies.claim()
  open()
  copies.create({ session })
  await copies.until(onePod)
  lab.api.objects.remove(`${paths.pods}/${copies.status.podName}`)
  await copies.until(() => copies.status.lostPods === 1 && onePod())
  copies.says({ reason: "Interrupted", files: 2, bytes: 10 })
  await copies.until(() => copies.status.lostPods === 2 && onePod())
  expect(copies.status).toMatchObject({ files: 2, bytes: 10 })
  expect(copies.pods[0]?.metadata.name).toMatch(/-2$/)
  copies.says({ files: 5, bytes: 20 })
  await copies.until(isOver)
  expect(copies.status).toMatchObject({ phase: "Complete", files: 5, bytes: 20, lostPods: 2 })
})

test("a pod that the API server refuses is not lost: it is made when there is room for it", async () => {
  copies.claim()
  open()
  await lab.until(() => lab.phase() === "Ready")
  copies.create({ session })
  let refusals = 0
  lab.api.fault = ({ method }, response, url) => {
    if (method !== "POST" || url.pathname !== paths.pods) return false
    refusals++
    send(
      response,
      403,
      statusOf(new ApiFailure(403, "Forbidden", "exceeded quota: pods, used: pods=2, limited: pods=2")),
    )
    return true
  }
  await copies.until(() => refusals === 7)
  expect(copies.condition("Complete")).toBe("False QuotaExceeded")
  lab.api.fault = undefined
  await copies.until(onePod)
  expect([copies.status.lostPods, copies.pods[0]?.metadata.name.at(-1)]).toEqual([undefined, "0"])
})

test("five that are lost are enough", async () => {
  copies.claim()
  open()
  copies.create({ session })
  await copies.until(() => {
    copies.says({ reason: "ConnectionLost", message: "Nobody answers.", files: 1 })
    return isOver()
  })
  expect([phase(), copies.condition("Failed"), copies.status.lostPods]).toEqual(["Failed", "True CopyLost", 5])
})

test("files that were not copied are told, and the session of its own goes as well", async () => {
  copies.claim()
  copies.create({ source })
  await copies.until(onePod)
  const failures = [{ path: "/data/orders/a", reason: "DestinationExists" as const, message: "a is there already." }]
  copies.says({ reason: "DestinationExists", files: 2, failed: 1, failures })
  await copies.until(isOver)
  expect(copies.status).toMatchObject({ phase: "Failed", files: 2, failed: 1, failures })
  expect(copies.condition("Complete")).toBe("False DestinationExists")
  expect([copies.sessions, lab.world.leftovers]).toEqual([[], []])
})

test.each<[string, Partial<CopySpecInput>, string]>([
  ["a claim for a block device", { session }, "True DestinationUnfit"],
  [
    "two paths of the same last name",
    { session, paths: [1, 2].map((at) => ({ volume: "data", path: `/${at}/same/` })) },
    "True SpecInvalid",
  ],
])("%s: it fails", async (_, spec, failed) => {
  copies.claim("Block")
  open()
  copies.create(spec)
  await copies.until(isOver)
  expect([copies.condition("Failed"), copies.pods]).toEqual([failed, []])
})

test("a session that ends midway ends the copy", async () => {
  copies.claim()
  open()
  copies.create({ session })
  await copies.until(onePod)
  lab.api.objects.patch(sessionPath, { spec: { desiredState: "Unmounted" } })
  await copies.until(isOver)
  expect(copies.condition("Failed")).toBe("True SessionEnded")
  await copies.until(() => lab.phase() === "Unmounted")
  expect(lab.world.leftovers).toEqual([])
})

test("a copy that is deleted leaves a session of others as it was, and takes its own along", async () => {
  copies.claim()
  open()
  copies.create({ session })
  await copies.until(onePod)
  lab.api.objects.remove(copyPath)
  await copies.until(() => copies.pods.length + copies.policies.length === 0)
  expect(lab.phase()).toBe("Ready")
  copies.create({ source })
  await copies.until(onePod)
  lab.api.objects.remove(copyPath)
  await copies.until(() => copies.sessions.length === 1 && copies.pods.length + copies.policies.length === 0)
  expect([copies.sessions, lab.phase()]).toEqual([["orders"], "Ready"])
})

test("what a backup tool brought back copies nothing", async () => {
  copies.claim()
  copies.create({ source }, { "velero.io/restore-name": "monday" })
  await copies.until(isOver)
  expect([copies.condition("Failed"), copies.sessions]).toEqual(["True Restored", []])
})

test("ttlAfterFinished removes the object", async () => {
  copies.claim()
  copies.create({ source, ttlAfterFinished: "0s" })
  await copies.until(onePod)
  copies.says({})
  await copies.until(() => !copies.exists)
  expect(lab.world.leftovers).toEqual([])
})

test.each(["before", "after"] as const)(
  "an operator that dies %s any of its writes loses nothing and makes nothing twice",
  async (when) => {
    copies.claim()
    open()
    await lab.until(() => lab.phase() === "Ready")
    let reached = true
    let deaths = 0
    for (let nth = 1; reached; nth++) {
      const has = dieAtWrite(lab.api, nth, when)
      copies.create({ session })
      await copies.until(onePod)
      expect(copies.policies).toHaveLength(2)
      copies.says({ files: 1 })
      await copies.until(isOver)
      expect([phase(), copies.status.files, copies.pods, copies.policies]).toEqual(["Complete", 1, [], []])
      expect(lab.phase()).toBe("Ready")
      lab.api.objects.remove(copyPath)
      reached = has()
      if (reached) deaths++
      lab.api.fault = undefined
    }
    expect(deaths).toBeGreaterThan(6)
  },
)
