import { afterEach, beforeEach, expect, test } from "vitest"
import type { SessionSpecInput } from "../../src/api/spec.ts"
import { ApiFailure } from "../support/api-objects.ts"
import { type ApiServer, send, statusOf } from "../support/api-server.ts"
import { dieAtWrite } from "../support/die-at-write.ts"
import { openSessionLab, type SessionLab, sessionPath } from "../support/session-lab.ts"
import { paths, type SessionWorld } from "../support/session-world.ts"
import { argument, type PodSpec } from "../support/world-pod.ts"

/** Whole lives of sessions with spec.verifySource: real reconciles, real control ports, hashes that the test makes up. */
let lab: SessionLab
let api: ApiServer
let world: SessionWorld
beforeEach(async () => {
  lab = await openSessionLab()
  ;({ api, world } = lab)
})
afterEach(() => lab.close())

const spec: SessionSpecInput = { source: { persistentVolumeClaims: [{ name: "data" }] }, verifySource: true }
const status = () => world.status("orders")
const condition = (type: string) => status().conditions?.find((one) => one.type === type)
const isReady = () => condition("Ready")?.status === "True"
const isOver = () => ["Unmounted", "Expired", "Failed"].includes(lab.phase() ?? "")
const unmount = () => api.objects.patch(sessionPath, { spec: { desiredState: "Unmounted" } })
const says = (type: string, words: string) => () => condition(type)?.message.includes(words) === true
const result = () => [lab.phase(), condition("SourceVerified")?.reason, status().release?.sourceVerified]

/** Pods that are there, with when they were told to hash. */
const pods = () =>
  api.objects
    .list(paths.pods, () => true)
    .map(({ metadata, spec }) => {
      const [, role] = /-((?:target|restore)-[0-9]+)$/.exec(metadata.name) ?? []
      return [role, argument(spec as PodSpec, "--hash-disks")].filter(Boolean).join(" ")
    })

async function removePod(role: string): Promise<void> {
  api.objects.remove(`${paths.pods}/${status().attachment?.name}-${role}`)
  await world.settled()
}

test("hashed before the first byte and after the last: nothing has changed", async () => {
  world.hashes.percent = 40
  world.session("orders", spec)
  await lab.until(says("TargetServing", "hashes its disks before serving them: 40% of 1.0 GiB"))
  expect([lab.phase(), pods(), world.serving]).toEqual(["Provisioning", ["target-0 before-and-after"], []])
  world.hashes.percent = 100
  await lab.until(isReady)
  expect(status().disks).toMatchObject([{ sha256Before: world.hashes.before }])

  world.hashes.percent = 30
  unmount()
  await lab.until(says("Released", "has hashed its disks again: 30% of 1.0 GiB"))
  expect([world.serving, result()]).toEqual([[], ["Unmounting", undefined, undefined]])
  world.hashes.percent = 100
  await lab.until(isOver)
  expect([result(), world.leftovers]).toEqual([["Unmounted", "SourceVerified", true], []])
  expect(status().disks).toMatchObject([{ sha256Before: world.hashes.before, sha256After: world.hashes.after }])
})

test("a disk that is another afterwards fails the session, which is released all the same", async () => {
  world.session("orders", spec)
  await lab.until(isReady)
  world.hashes.after = "b".repeat(64)
  unmount()
  await lab.until(isOver)
  expect([result(), world.leftovers]).toEqual([["Failed", "SourceChanged", false], []])
  expect(condition("Stalled")).toMatchObject({ status: "True", reason: "SourceChanged" })
  expect(lab.events.filter((reason) => reason === "SourceChanged").length).toBeGreaterThan(0)
})

test("no byte is served before its hash is written down", async () => {
  api.fault = ({ method }, response, url) => {
    const hashes = api.requests.at(-1)?.body.includes(world.hashes.before)
    if (method !== "PATCH" || !url.pathname.endsWith("/status") || !hashes) return false
    send(response, 500, statusOf(new ApiFailure(500, "InternalError", "etcd is away")))
    return true
  }
  world.session("orders", spec)
  await expect(lab.until(isReady)).rejects.toThrow("etcd is away")
  expect(world.serving).toEqual([])
  api.fault = undefined
  await lab.until(isReady)
  expect(world.serving).toHaveLength(1)
})

test("a target that is lost while it hashes: the next begins anew", async () => {
  world.hashes.percent = 40
  world.session("orders", spec)
  await lab.until(says("TargetServing", "40%"))
  await removePod("target-0")
  await lab.until(() => pods().length > 0)
  expect(pods()).toEqual(["target-1 before-and-after"])
})

test("a target that is lost later: the next serves at once, and what the first one found counts", async () => {
  world.session("orders", spec)
  await lab.until(isReady)
  const { before } = world.hashes
  world.hashes.before = "c".repeat(64)
  await removePod("target-0")
  await lab.until(() => !isReady())
  await lab.until(isReady)
  expect(pods()).toEqual(["restore-0", "target-1 after"])
  unmount()
  await lab.until(isOver)
  expect([result(), status().disks?.[0]?.sha256Before]).toEqual([["Unmounted", "SourceVerified", true], before])
})

test("a target that is lost at the end: nothing is proven, and the session says so", async () => {
  world.session("orders", spec)
  await lab.until(isReady)
  world.hashes.percent = 40
  unmount()
  await lab.until(says("Released", "40%"))
  await removePod("target-0")
  await lab.until(isOver)
  expect([result(), world.leftovers]).toEqual([["Unmounted", "SourceNotVerified", false], []])
  expect(condition("SourceVerified")?.message).toMatch(/pod frsess-orders-\S+-target-0 ended before/)
  expect(lab.events).toContain("SourceNotVerified")
})

test("a session that is deleted while it hashes does not wait for that", async () => {
  world.session("orders", spec)
  await lab.until(isReady)
  world.hashes.percent = 40
  unmount()
  await lab.until(says("Released", "40%"))
  api.objects.remove(sessionPath)
  await lab.until(() => !lab.exists())
  expect(world.leftovers).toEqual([])
})

test("unmounted before its disks are hashed: there was nothing to verify", async () => {
  world.hashes.percent = 40
  world.session("orders", spec)
  await lab.until(says("TargetServing", "40%"))
  unmount()
  await lab.until(isOver)
  expect([result(), world.leftovers]).toEqual([["Unmounted", undefined, undefined], []])
})

test.each(["before", "after"] as const)(
  "an operator that dies %s any write: the next goes on, and the proof is whole",
  { timeout: 300_000 },
  async (when) => {
    let reached = true
    for (let nth = 1; reached; nth++) {
      const has = dieAtWrite(api, nth, when)
      world.session("orders", spec)
      await lab.until(isReady)
      expect(pods()).toEqual(["target-0 before-and-after", "restore-0"])
      unmount()
      await lab.until(isOver)
      expect([result(), world.leftovers]).toEqual([["Unmounted", "SourceVerified", true], []])
      reached = has()
      api.fault = undefined
      api.objects.remove(sessionPath)
      await lab.until(() => !lab.exists())
    }
  },
)
