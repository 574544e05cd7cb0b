import { afterEach, beforeEach, expect, test } from "vitest"
import type { SessionSpecInput } from "../../src/api/spec.ts"
import { hour, minute, openSessionLab, type SessionLab, sessionPath } from "../support/session-lab.ts"
import { paths } from "../support/session-world.ts"

/** The clocks of whole sessions: real reconciles, real control ports over TLS, pods with the real life of one. */
let lab: SessionLab
beforeEach(async () => void (lab = await openSessionLab()))
afterEach(() => lab.close())

const source: SessionSpecInput = { source: { persistentVolumeClaims: [{ name: "data" }] } }
const change = (spec: object) => lab.api.objects.patch(sessionPath, { spec })
const status = () => lab.world.status("orders")
const ready = async (spec: Partial<SessionSpecInput> = {}, later = 0) => {
  lab.world.session("orders", { ...source, ...spec })
  await lab.until(() => lab.phase() === "Ready", { later })
}
const isOver = () => ["Unmounted", "Expired", "Failed"].includes(lab.phase() ?? "")
const soon = () => status().conditions?.find(({ type }) => type === "ExpiringSoon")?.status
const moveStart = (ms: number) =>
  lab.api.objects.patch(sessionPath, { status: { startedAt: new Date(Date.now() - ms).toISOString() } })

/** How long the pods still live, in seconds of their own clocks. */
const secondsLeft = () => lab.world.deadlines.map((deadline) => Math.round((deadline.getTime() - Date.now()) / 1000))
const aboutSeconds = (seconds: number) => [seconds, seconds].map((each) => expect.closeTo(each, -0.5) as number)

test("ttl, raised and lowered on a running session, moves the end in the status and in both pods", async () => {
  await ready({ ttl: "2h" })
  await lab.look()
  expect(secondsLeft()).toEqual(aboutSeconds(7200))
  const pods = JSON.stringify(lab.api.objects.list(paths.pods, () => true).map(({ spec }) => spec))
  for (const [ttl, seconds] of [
    ["12h", 12 * 3600],
    ["30m", 1800],
    ["1h", 3600],
  ] as const) {
    change({ ttl })
    await lab.look()
    expect(Date.parse(status().expiresAt ?? "") - Date.parse(status().startedAt ?? "")).toBe(seconds * 1000)
    expect(secondsLeft()).toEqual(aboutSeconds(seconds))
  }
  // what the kubelet holds them to is the hard end, and never moves
  expect(JSON.stringify(lab.api.objects.list(paths.pods, () => true).map(({ spec }) => spec))).toBe(pods)
})

test("a ttl that is lowered below what has passed ends it", async () => {
  await ready({ ttl: "2h" })
  moveStart(hour)
  change({ ttl: "30m" })
  await lab.until(isOver)
  expect([lab.phase(), status().release?.reason, lab.world.leftovers]).toEqual(["Expired", "TtlEnded", []])
})

test("ExpiringSoon comes and, when ttl is raised, goes; each warning is told once", async () => {
  await ready({ ttl: "2h" })
  moveStart(2 * hour - 10 * minute)
  await lab.look()
  await lab.look()
  expect(soon()).toBe("True")
  change({ ttl: "3h" })
  await lab.look()
  expect(soon()).toBeUndefined()
  moveStart(3 * hour - minute)
  await lab.look()
  await lab.look()
  expect(soon()).toBe("True")
  expect(lab.events.filter((reason) => reason === "ExpiringSoon")).toHaveLength(2)
})

test.each([
  ["behind", 5 * minute],
  ["ahead", -5 * minute],
])("pods whose clocks are 5 minutes %s are asked, told, and live as long as the session", async (_, later) => {
  await ready({ ttl: "3m" }, later)
  await lab.look({ later })
  expect(secondsLeft()).toEqual(aboutSeconds(180))
  const { version } = lab.api.objects
  await lab.look({ later })
  expect(lab.api.objects.version).toBe(version)
  change({ desiredState: "Unmounted" })
  await lab.until(isOver, { later })
  expect(status().release).toMatchObject({ reason: "UnmountRequested", initiatorsAtRelease: 0, bytesServed: 4096 })
  expect(lab.world.log).toContain("restore released")
})

test("another operator, whose clock is 5 minutes off the first one's, leaves the session and its pods as they are", async () => {
  await ready({ ttl: "2h" })
  await lab.look()
  const { expiresAt } = status()
  await lab.look({ later: -5 * minute })
  expect([lab.phase(), status().expiresAt]).toEqual(["Ready", expiresAt])
  // the end is now when the second one's clock says so
  expect(secondsLeft()).toEqual(aboutSeconds(7200 + 300))
})

test.each([
  ["behind", 5 * minute],
  ["ahead", -5 * minute],
])("idleTimeout by pods whose clocks are 5 minutes %s", async (_, skew) => {
  await ready({ idleTimeout: "30m" }, skew)
  const readAgo = (ms: number) => new Date(Date.now() - ms).toISOString()
  const { world } = lab
  const long = 20 * hour
  // ready since long ago
  const conditions = status().conditions?.map((one) => ({ ...one, lastTransitionTime: readAgo(long) }))
  lab.api.objects.patch(sessionPath, { status: { conditions, readyAt: readAgo(long) } })
  world.usage = { ...world.usage, clients: 0, lastActivityAt: readAgo(29 * minute) }
  await lab.look({ later: skew })
  expect(lab.phase()).toBe("Ready")
  world.usage = { ...world.usage, clients: 1, lastActivityAt: readAgo(31 * minute) }
  await lab.look({ later: skew })
  expect(lab.phase()).toBe("Ready")
  world.usage = { ...world.usage, clients: 0 }
  await lab.until(isOver, { later: skew })
  const since = new Date(Date.parse(world.usage.lastActivityAt ?? "") + skew).toISOString().slice(0, 16)
  expect([lab.phase(), status().release]).toEqual([
    "Expired",
    expect.objectContaining({ reason: "Idle", message: expect.stringContaining(`since ${since}`) as string }),
  ])
  expect(world.leftovers).toEqual([])
})

test("a finished session is deleted when its ttlAfterFinished has passed, and not while somebody changes his mind", async () => {
  await ready({ ttlAfterFinished: "1h" })
  change({ desiredState: "Unmounted" })
  await lab.until(isOver)
  const { requeueAfterMs = 0 } = await lab.look()
  expect(requeueAfterMs / minute).toBeCloseTo(60, 0)
  expect(lab.exists()).toBe(true)

  // changed between the decision and the deletion
  lab.api.fault = ({ method }) => {
    if (method === "DELETE") change({ ttlAfterFinished: "12h" })
    return false
  }
  await expect(lab.look({ later: 2 * hour })).rejects.toMatchObject({ status: 409 })
  lab.api.fault = undefined
  await lab.look({ later: 2 * hour })
  expect(lab.exists()).toBe(true)
  await lab.until(() => !lab.exists(), { later: 13 * hour })
  const calls = lab.api.requests.filter(({ method, url }) => method === "DELETE" && url.pathname === sessionPath)
  expect(JSON.parse(calls.at(-1)?.body ?? "")).toMatchObject({
    preconditions: { uid: expect.any(String) as string, resourceVersion: expect.any(String) as string },
  })
  expect(lab.world.leftovers).toEqual([])
})

test("ttlAfterFinished of 0s leaves nothing at all", async () => {
  await ready({ ttlAfterFinished: "0s" })
  change({ desiredState: "Unmounted" })
  await lab.until(() => !lab.exists())
  expect(lab.world.leftovers).toEqual([])
  expect(lab.events.at(-1)).toBe("Unmounted")
})
