import { expect, test } from "vitest"
import { decide } from "../../../src/session/decide.ts"
import type { Observed, RestoreReport } from "../../../src/session/observed.ts"
import * as at from "../../support/observed.ts"
import { minutes, names, now, ready, spec } from "../../support/observed.ts"

const ago = (count: number) => at.iso(now - minutes(count))

/** Ready since an hour, with an idleTimeout of half an hour. */
function quiet(usage: RestoreReport["usage"] = { clients: 0, filesRead: 0 }, changes: Partial<Observed> = {}) {
  const status: Observed["status"] = {
    ...ready().status,
    startedAt: ago(61),
    readyAt: ago(60),
    conditions: [{ type: "Ready", status: "True", reason: "Mounted", message: "", lastTransitionTime: ago(60) }],
  }
  return ready({ status, spec: spec({ idleTimeout: "30m" }), ...at.mounted({ usage }), ...changes })
}
const usage = (clients: number, lastActivityAt?: string) => ({
  clients,
  filesRead: 1,
  ...(lastActivityAt !== undefined && { lastActivityAt }),
})
const { status: hourOld } = quiet()
const readyCondition = (status: "True" | "False", since: string): Observed["status"] => ({
  ...hourOld,
  conditions: [{ type: "Ready", status, reason: "Mounted", message: "", lastTransitionTime: since }],
})

test.each<[string, Observed, string | undefined]>([
  ["nobody ever read", quiet(), "Idle"],
  ["the last read was half an hour ago", quiet(usage(0, ago(30))), "Idle"],
  ["the last read was a second less ago", quiet(usage(0, at.iso(now - minutes(30) + 1000))), undefined],
  ["a client is connected", quiet(usage(1, ago(50))), undefined],
  ["no idleTimeout", quiet(usage(0), { spec: spec() }), undefined],
  ["a longer idleTimeout", quiet(usage(0), { spec: spec({ idleTimeout: "2h" }) }), undefined],
  [
    "the restore pod can't be reached",
    quiet(usage(0), { restore: { podName: names.pod("restore", 0), unreachable: "time-out" } }),
    undefined,
  ],
  [
    "the restore pod can't be reached, and was last read from long ago",
    quiet(usage(0), {
      status: { ...hourOld, usage: { clients: 0, lastActivityAt: ago(55) } },
      restore: { podName: names.pod("restore", 0), unreachable: "time-out" },
    }),
    undefined,
  ],
  ["nobody has asked the restore pod", { ...quiet(), restore: undefined } as never, undefined],
  [
    "another restore pod answers",
    quiet({ clients: 0 }, { restore: { podName: "x", report: at.restoreReport() } }),
    undefined,
  ],
  ["the guest is being mounted again", quiet(usage(0), at.mounted({ state: "Mounting" })), undefined],
  [
    "it was down and can be read again since ten minutes",
    quiet(usage(0, ago(50)), { status: readyCondition("True", ago(10)) }),
    undefined,
  ],
  ["it is down", quiet(usage(0, ago(50)), { status: readyCondition("False", ago(40)) }), undefined],
  [
    "a new restore pod, and the one before was read from ten minutes ago",
    quiet(usage(0), { status: { ...hourOld, usage: { lastActivityAt: ago(10) } } }),
    undefined,
  ],
  [
    "not ready yet",
    quiet(usage(0), { status: { ...at.startedStatus, startedAt: ago(45) }, ...at.mounted({ state: "Mounting" }) }),
    undefined,
  ],
  ["its time is over as well", quiet(usage(0), { spec: spec({ idleTimeout: "30m", ttl: "1h" }) }), "TtlEnded"],
])("%s", (_, observed, reason) => {
  const { status } = decide(observed, now)
  expect([status.phase, status.release?.reason]).toEqual(
    reason === undefined ? [observed.status.phase, undefined] : ["Unmounting", reason],
  )
})

test.each<[string, Observed, string]>([
  ["was read from", quiet(usage(0, ago(31))), `No client has read anything since ${ago(31)}; spec.idleTimeout is 30m.`],
  [
    "was never read from",
    quiet(),
    `No client has read anything since ${ago(60)}, when files could be read; spec.idleTimeout is 30m.`,
  ],
])("a session that %s ends Expired and says since when nobody read", (_, observed, message) => {
  const releasing = decide(observed, now).status
  expect(releasing.release).toMatchObject({ reason: "Idle", message })
  const over = decide({ ...observed, ...at.nothingLeft, status: releasing }, now + 1000).status
  expect(over).toMatchObject({ phase: "Expired", release: { reason: "Idle", message } })
})

test("the next look is exact when the session may be idle", () => {
  const plan = decide(quiet(usage(0, at.iso(now - minutes(30) + 9000))), now)
  expect(plan.requeueAfterMs).toBe(9000)
  expect(decide(quiet(usage(3, ago(31))), now).requeueAfterMs).toBe(15_000)
})

test("somebody who comes back while it is released finds it releasing", () => {
  const status = decide(quiet(), now).status
  const back = { ...quiet(usage(1, at.iso(now))), status }
  expect(decide(back, now + 1000).status).toMatchObject({ phase: "Unmounting", release: { reason: "Idle" } })
})
