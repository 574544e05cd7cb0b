import { expect, test } from "vitest"
import { decide } from "../../../src/session/decide.ts"
import type { Observed } from "../../../src/session/observed.ts"
import type { Plan } from "../../../src/session/plan.ts"
import * as at from "../../support/observed.ts"
import { minutes, nothingLeft, now, session as running, spec, unmounting } from "../../support/observed.ts"

const session = { ...running, finalizer: false }

/** A session that finished so many minutes ago. */
function done(ago: number, ttlAfterFinished: string | undefined, changes: Partial<Observed> = {}): Observed {
  const { status } = decide(unmounting(nothingLeft), now - minutes(ago))
  const asked = { desiredState: "Unmounted" as const, ...(ttlAfterFinished !== undefined && { ttlAfterFinished }) }
  return at.pending({ session, status, spec: spec(asked), live: false, ...changes })
}

const does = ({ deleteSession, requeueAfterMs }: Plan) =>
  deleteSession ? "deleted" : requeueAfterMs === undefined ? "kept" : `looked at in ${requeueAfterMs / 60_000} minutes`

test.each<[string, Observed, string]>([
  ["no ttlAfterFinished", done(100_000, undefined), "kept"],
  ["10 minutes, a minute ago", done(1, "10m"), "looked at in 9 minutes"],
  ["10 minutes, 10 minutes ago", done(10, "10m"), "deleted"],
  ["10 minutes, a day ago, while no operator ran", done(1440, "10m"), "deleted"],
  ["0s", done(0, "0s"), "deleted"],
  ["longer than a timer can wait", done(1, "99999h"), "looked at in 720 minutes"],
  ["removed again", done(10, undefined), "kept"],
  ["failed", done(10, "1m", { status: { phase: "Failed", finishedAt: at.iso(now - minutes(2)) } }), "deleted"],
  ["a status without the time", done(10, "1m", { status: { phase: "Failed" } }), "kept"],
  ["a spec nobody understands", done(10, "1m", { spec: undefined }), "kept"],
  ["being deleted already", done(10, "1m", { session: { ...session, deleting: true } }), "kept"],
  ["running, started long ago", at.ready({ spec: spec({ ttlAfterFinished: "0s" }) }), "looked at in 0.25 minutes"],
  [
    "unmounting",
    unmounting({ spec: spec({ desiredState: "Unmounted", ttlAfterFinished: "0s" }) }),
    "looked at in 0.005 minutes",
  ],
])("%s", (_, observed, expected) => expect(does(decide(observed, now))).toBe(expected))

test("the look that finds nothing left asks for the next when the object may go", () => {
  const last = (ttlAfterFinished: string) =>
    decide(unmounting({ ...nothingLeft, spec: spec({ desiredState: "Unmounted", ttlAfterFinished }) }), now)
  expect(last("5m")).toMatchObject({ status: { phase: "Unmounted" }, requeueAfterMs: minutes(5) })
  expect(last("0s")).toMatchObject({ status: { phase: "Unmounted" }, requeueAfterMs: 0 })
  expect(last("0s").deleteSession).toBeUndefined()
})

test.each([
  ["by an operator that died before it took it off", {}],
  ["while it is being deleted", { deleting: true }],
])("a finalizer that was left on a finished object, %s: it goes before anything else", (_, changes) => {
  const plan = decide(done(10, "1m", { session: { ...session, finalizer: true, ...changes } }), now)
  expect(plan).toMatchObject({ finalizer: "remove", requeueAfterMs: 0 })
  expect(plan.deleteSession).toBeUndefined()
})
