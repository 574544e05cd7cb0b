import { expect, test } from "vitest"
import { decide } from "../../../src/session/decide.ts"
import type { Observed } from "../../../src/session/observed.ts"
import * as at from "../../support/observed.ts"
import { names, now, ready, unmounting } from "../../support/observed.ts"

/** Each pod counts from 0; a session goes on counting when one follows another. */
const usage = {
  initiators: 1,
  clients: 0,
  bytesServed: 5000,
  writeAttempts: 1,
  filesRead: 2,
  observedAt: at.iso(now - 5000),
}
const before = ready({ status: { ...ready().status, usage } })
const next = (role: "target" | "restore") => names.pod(role, 1)

/** What is observed once a pod was followed by another, which says this. */
function followed(role: "target" | "restore", status: Observed["status"], says: Partial<Observed>): Observed {
  const other = role === "target" ? "restore" : "target"
  return ready({ status, pods: [at.pod(other), at.pod(role, { name: next(role) })], ...says })
}
const successor = (bytesServed: number, writeAttempts = 0) => ({
  target: { podName: next("target"), report: at.targetReport({ bytesServed, writeAttempts }) },
})

test("what a target has served that is gone stays counted, and the next one's is added", () => {
  const lost = decide(
    { ...before, pods: [at.pod("restore")], ...at.serving({ bytesServed: 6000, writeAttempts: 2 }) },
    now,
  )
  expect(lost.status.usage).toMatchObject({ bytesServed: 6000, former: { bytesServed: 6000, writeAttempts: 2 } })
  const later = decide(followed("target", lost.status, successor(100, 3)), now + 15_000)
  expect(later.status.usage).toMatchObject({ bytesServed: 6100, writeAttempts: 5, filesRead: 2 })
  const ending = unmounting({ status: { ...later.status, phase: "Unmounting" }, ...successor(150, 3) })
  expect(decide(ending, now).status.release).toMatchObject({ bytesServed: 6150, writeAttempts: 5, filesRead: 2 })
})

test("files read through a restore pod that is gone stay counted", () => {
  const lost = decide({ ...before, pods: [at.pod("target")], restore: undefined as never }, now)
  expect(lost.status.usage?.former).toEqual({ filesRead: 2 })
  const report = at.restoreReport({ usage: { clients: 1, filesRead: 1 } })
  const says = { restore: { podName: next("restore"), report } }
  expect(decide(followed("restore", lost.status, says), now + 15_000).status.usage?.filesRead).toBe(3)
})

test("a target that still runs beside its successor is not counted twice", () => {
  const deleting = at.pod("target", { deleting: true })
  const lost = decide({ ...before, pods: [at.pod("restore"), deleting], ...at.serving({ bytesServed: 6000 }) }, now)
  const both = ready({
    status: lost.status,
    pods: [at.pod("restore"), deleting, at.pod("target", { name: next("target"), phase: "Pending" })],
  })
  const { status } = decide({ ...both, ...at.serving({ bytesServed: 7000 }) }, now + 15_000)
  expect(status.usage?.bytesServed).toBe(6000)
})

test("nobody who follows was made yet: asked again, nothing is added again", () => {
  const lost = { ...before, pods: [at.pod("restore")], target: undefined as never }
  const first = decide(lost, now).status.usage
  const { targets } = before.status
  const again = decide(
    { ...lost, status: { ...before.status, ...(targets && { targets }), ...(first && { usage: first }) } },
    now + 5000,
  )
  expect(again.status.usage?.former).toEqual({ bytesServed: 5000, writeAttempts: 1 })
})
