import { afterEach, beforeEach, expect, test } from "vitest"
import type { SessionSpecInput } from "../../src/api/spec.ts"
import { openSessionLab, type SessionLab, sessionPath } from "../support/session-lab.ts"
import { paths } from "../support/session-world.ts"

/** Sessions that a backup tool brought back: real reconciles; an API server in this process. */
let lab: SessionLab
beforeEach(async () => void (lab = await openSessionLab()))
afterEach(() => lab.close())

const over = (claim: string): SessionSpecInput => ({ source: { persistentVolumeClaims: [{ name: claim }] } })
const labels = { "velero.io/restore-name": "monday" }
const failed = { phase: "Failed", release: { reason: "Restored" } }
/** What was asked of the API server but reads and the session's own status. */
const writes = () =>
  lab.api.requests.filter(({ method, url }) => method !== "GET" && !url.pathname.startsWith(paths.sessions))

test("it ends at once, and nothing is made for it", async () => {
  lab.world.session("orders", over("data"), { labels })
  await lab.look()
  expect(lab.world.status("orders")).toMatchObject(failed)
  expect([lab.world.leftovers, writes()]).toEqual([[], []])
})

test("with its status: what that names is another session's, and stays", async () => {
  lab.world.snapshot("weekly", "files", "Filesystem")
  lab.world.session("other", over("files"))
  const other = () => lab.world.status("other")
  for (let looks = 0; looks < 40 && other().phase !== "Ready"; looks++) {
    await lab.reconciler().reconcile({ namespace: "shop", name: "other" })
    await lab.world.settled()
  }
  expect(other().phase).toBe("Ready")
  const before = lab.world.leftovers
  const made = writes().length
  lab.world.session("orders", over("files"), { labels })
  lab.api.objects.patch(sessionPath, { status: other() })
  await lab.look()
  await lab.look()
  expect(lab.world.status("orders")).toMatchObject(failed)
  expect([lab.world.leftovers, writes().length]).toEqual([before, made])
})

test("deleted afterwards, also with the finalizer it was backed up with, it is gone", async () => {
  lab.world.session("orders", over("data"), { labels, finalizers: ["filerecovery.dev/release"] })
  await lab.look()
  expect(lab.world.status("orders")).toMatchObject(failed)
  lab.api.objects.remove(sessionPath)
  await lab.until(() => !lab.exists())
  expect(writes()).toEqual([])
})

test("in progress, and somebody labels it: it goes on", async () => {
  lab.world.session("orders", over("data"))
  await lab.until(() => lab.phase() === "Ready")
  lab.api.objects.patch(sessionPath, { metadata: { labels } })
  await lab.look()
  expect(lab.phase()).toBe("Ready")
})
