import { expect, test } from "vitest"
import { decide } from "../../../src/session/decide.ts"
import type { Observed } from "../../../src/session/observed.ts"
import { recognise } from "../../../src/session/restored.ts"
import { names, now, pending, ready, session, spec } from "../../support/observed.ts"

const label = { "velero.io/restore-name": "monday" }
const foreign = { ...ready().status, attachment: { name: "frsess-orders-00000000", uid: "of-before" } }
const ended: Observed["status"] = { ...foreign, phase: "Expired" }

test.each<[string, Observed["status"], Record<string, string> | undefined, ReturnType<typeof recognise>]>([
  ["a new session", {}, undefined, { status: {} }],
  ["other labels", {}, { app: "x" }, { status: {} }],
  ["in progress", ready().status, undefined, { status: ready().status }],
  [
    "in progress, and somebody labels it",
    ready().status,
    label,
    { status: ready().status, restored: { by: "monday" } },
  ],
  ["restored without status", {}, label, { status: {}, restored: { by: "monday" } }],
  ["restored with its status", foreign, label, { status: {}, restored: { by: "monday" } }],
  ["restored with its status, by a tool that leaves no label", foreign, undefined, { status: {}, restored: {} }],
  [
    "restored in the middle of its release",
    { ...foreign, phase: "Unmounting" },
    undefined,
    { status: {}, restored: {} },
  ],
  ["restored after its end", ended, label, { status: ended, restored: { by: "monday" } }],
])("%s", (_, status, labels, expected) => expect(recognise(session, status, labels)).toEqual(expected))

const restored = { session: { ...session, finalizer: false, restored: { by: "monday" } } }
test.each<[string, Observed, string]>([
  ["new", pending(restored), "Restored"],
  ["new, and a tool that leaves no label", pending({ session: { ...session, restored: {} } }), "Restored"],
  ["to be unmounted", pending({ ...restored, spec: spec({ desiredState: "Unmounted" }) }), "Restored"],
  ["deleted", pending({ session: { ...restored.session, deleting: true } }), "SessionDeleted"],
])("a session that was restored, %s: ends at once, and nothing is made", (_, observed, reason) => {
  const { status, provision, finalizer } = decide(observed, now)
  expect([provision, status.release?.reason]).toEqual([undefined, reason])
  expect(finalizer).toBe(observed.session.finalizer ? "remove" : "keep")
  expect(status.phase).toBe(reason === "Restored" ? "Failed" : "Unmounted")
})

test("it says which restore it was, and what to do", () => {
  const { conditions } = decide(pending(restored), now).status
  const message =
    "Restore monday brought this session back from a backup. Nothing was opened for it. Create a new session, without the label velero.io/restore-name."
  for (const type of ["Accepted", "Ready", "Stalled"])
    expect(conditions).toContainEqual(expect.objectContaining({ type, reason: "Restored", message }))
})

test("a session in progress goes on when somebody labels it", () => {
  const labelled = ready({ session: { ...session, restored: { by: "monday" } } })
  expect(decide(labelled, now).status.phase).toBe("Ready")
})

test("what a try before its label left is released", () => {
  const attachment = { name: names.base, uid: "a", deleting: false, createdAt: now }
  const plan = decide(pending({ ...restored, live: false, attachment }), now)
  expect([plan.status.phase, plan.status.release?.reason]).toEqual(["Unmounting", "Restored"])
})

test("the words of a restore's name are as harmless as any", () => {
  const by = "x\u001b[31m"
  const { release } = decide(pending({ session: { ...session, restored: { by } } }), now).status
  expect(release?.message).toContain("x\\u{1b}[31m")
})
