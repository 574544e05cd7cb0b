import { expect, test } from "vitest"
import { decide } from "../../../src/session/decide.ts"
import { happenings } from "../../../src/session/happenings.ts"
import type { Observed } from "../../../src/session/observed.ts"
import * as at from "../../support/observed.ts"
import { minutes, names, now, ready, spec } from "../../support/observed.ts"

/** A session that is ready and was started so long ago, with pods that know when it ends, if they are told nothing. */
function started(ago: number, ttl: string, changes: Partial<Observed> = {}): Observed {
  const status = { ...ready().status, startedAt: at.iso(now - ago) }
  const first = decide(ready({ status, spec: spec({ ttl }) }), now).status
  const deadline = first.expiresAt ?? ""
  return ready({ status, spec: spec({ ttl }), ...at.serving({ deadline }), ...at.mounted({ deadline }), ...changes })
}

const ending = ({ status }: { status: Observed["status"] }) => {
  const found = status.conditions?.find(({ type }) => type === "ExpiringSoon")
  return found ? `${found.status}/${found.reason}` : "absent"
}

test.each([
  ["raised", "4h", at.iso(now + minutes(180))],
  ["lowered", "90m", at.iso(now + minutes(30))],
  ["raised to the end", "12h", at.iso(now + minutes(660))],
])("a ttl that is %s moves the end in the status and both pods' deadlines", (_, ttl, end) => {
  const plan = decide({ ...started(minutes(60), "2h"), spec: spec({ ttl }) }, now)
  expect([plan.status.phase, plan.status.expiresAt]).toEqual(["Ready", end])
  expect(plan.control).toEqual([
    { role: "target", podName: names.pod("target", 0), do: "deadline", deadline: end },
    { role: "restore", podName: names.pod("restore", 0), do: "deadline", deadline: end },
  ])
})

test("a ttl that is raised goes no further than the administrator's maximum", () => {
  const limits = { maxTtlMs: minutes(180), pendingTimeoutMs: minutes(60) }
  const { status } = decide({ ...started(minutes(60), "2h"), spec: spec({ ttl: "12h" }), limits }, now)
  expect(status.expiresAt).toBe(at.iso(now + minutes(120)))
})

test.each([
  ["the session's", 0, 0],
  ["the session's but for the way of the answer", 4000, 0],
  ["five minutes late, of a pod that was never told", minutes(5), 1],
  ["five minutes early, of a clock that is ahead", -minutes(5), 1],
])("a pod with a deadline that is %s: told %s", (_, off, calls) => {
  const observed = started(minutes(60), "2h")
  const deadline = new Date(Date.parse(observed.status.startedAt ?? "") + minutes(120) + off).toISOString()
  expect(decide({ ...observed, ...at.serving({ deadline }) }, now).control).toHaveLength(calls)
})

test("a pod whose deadline makes no sense is told", () =>
  expect(decide(ready(at.serving({ deadline: "never" })), now).control).toHaveLength(1))

test.each([
  ["16 minutes are left", 16, "absent"],
  ["15 minutes are left", 15, "True/ExpiringSoon"],
  ["3 minutes are left", 3, "True/ExpiringSoon"],
  ["2 minutes are left", 2, "True/LastMinutes"],
  ["a second is left", 1 / 60, "True/LastMinutes"],
])("ExpiringSoon when %s", (_, left, expected) =>
  expect(ending(decide(started(minutes(120 - left), "2h"), now))).toBe(expected),
)

test("ExpiringSoon says when, and what to do; it goes when ttl is raised", () => {
  const soon = decide(started(minutes(110), "2h"), now).status
  const message = soon.conditions?.find(({ type }) => type === "ExpiringSoon")?.message
  expect(message).toBe(
    `The session ends at ${at.iso(now + minutes(10))}. Raise spec.ttl to keep it longer, at most 12 hours from its start.`,
  )
  const raised = ready({ status: soon, spec: spec({ ttl: "3h" }) })
  expect(ending(decide(raised, now + 1000))).toBe("absent")
})

test("ExpiringSoon is told also while the session isn't ready, and not any more when it is released", () => {
  const status = { ...at.startedStatus, startedAt: at.iso(now - minutes(50)) }
  expect(ending(decide(at.provisioning({ status, spec: spec({ ttl: "1h" }) }), now))).toBe("True/ExpiringSoon")
  expect(ending(decide({ ...started(minutes(110), "2h"), spec: spec({ desiredState: "Unmounted" }) }, now))).toBe(
    "absent",
  )
})

test.each([
  ["15 minutes before", 15 * 60 + 7, 7000],
  ["2 minutes before", 2 * 60 + 7, 7000],
  ["at the end", 7, 7000],
  ["when the numbers are due, if that is sooner", 15 * 60 + 20, 15_000],
])("the next look is exact %s", (_, secondsLeft, requeueAfterMs) =>
  expect(decide(started(minutes(120) - secondsLeft * 1000, "2h"), now).requeueAfterMs).toBe(requeueAfterMs),
)

/** Events of a session from now on, each with the seconds left; looked at whenever a plan asks for it. */
function events(observed: Observed, from: number, until: number, ttlAt: (at: number) => string): string[] {
  let { status } = observed
  const told: string[] = []
  for (let time = from; time <= until;) {
    const plan = decide({ ...observed, status, spec: spec({ ttl: ttlAt(time) }) }, time)
    const left = (Date.parse(plan.status.expiresAt ?? "") - time) / 1000
    const news = happenings(status, plan.status)
    told.push(...news.map(({ type, reason }) => `${type} ${reason} ${left}`))
    status = plan.status
    if (status.phase !== "Ready") break
    time += plan.requeueAfterMs ?? Number.POSITIVE_INFINITY
  }
  return told
}

test("two warnings, once each, exactly 15 and 2 minutes before the end", () => {
  const observed = started(minutes(60) + 3000, "2h")
  expect(events(observed, now, now + minutes(70), () => "2h")).toEqual([
    "Warning ExpiringSoon 900",
    "Warning ExpiringSoon 120",
    "Normal Unmounting 0",
  ])
})

test("a session that was prolonged is warned of its new end", () => {
  const observed = started(minutes(60) + 3000, "2h")
  const raisedAfter = now + minutes(50)
  expect(events(observed, now, now + minutes(130), (time) => (time < raisedAfter ? "2h" : "3h"))).toEqual([
    "Warning ExpiringSoon 900",
    "Warning ExpiringSoon 900",
    "Warning ExpiringSoon 120",
    "Normal Unmounting 0",
  ])
})

test("an operator that comes back in the last minute warns once", () =>
  expect(events(started(minutes(119), "2h"), now, now + 30_000, () => "2h")).toEqual(["Warning ExpiringSoon 60"]))

test("nobody is warned of the end of a session that was just asked for", () => {
  const { status } = decide(at.pending({ spec: spec({ ttl: "10m" }) }), now)
  expect(ending({ status })).toBe("True/ExpiringSoon")
  expect(happenings({}, status).map(({ reason }) => reason)).toEqual(["Provisioning"])
})
