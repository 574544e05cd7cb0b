import { expect, test } from "vitest"
import { decide } from "../../../../src/session/decide.ts"
import { happenings } from "../../../../src/session/happenings.ts"
import type { Observed } from "../../../../src/session/observed.ts"
import { minutes, now, pending, provisioning, session } from "../../../support/observed.ts"
import { preflight, quota } from "../../../support/preflight.ts"

const tooSmall = preflight({ quotas: [quota({ pods: "1" })] })
const opened = preflight({ networkPolicies: [{ name: "open", podSelector: {}, ingress: [{ ports: [] }] }] })
const accepted = ({ status }: { status: Observed["status"] }) => {
  const found = status.conditions?.find(({ type }) => type === "Accepted")
  return [status.phase, `${found?.status}/${found?.reason}`, found?.message]
}
const told = (before: Observed["status"], after: Observed["status"]) =>
  happenings(before, after).map(({ type, reason }) => `${type} ${reason}`)

test("a quota without room: the session waits, nothing is made, one Event", () => {
  const first = decide(pending({ preflight: tooSmall }), now)
  const words = "ResourceQuota compute has no room: pods: 0 of 1 used, 2 needed."
  expect(accepted(first)).toEqual(["Pending", "False/QuotaExceeded", expect.stringContaining(words)])
  expect([first.provision, first.remove, first.finalizer]).toEqual([undefined, [], "keep"])
  expect(told({}, first.status)).toEqual(["Normal Pending", "Warning QuotaExceeded"])
  const second = decide(pending({ preflight: tooSmall, status: first.status }), now + 1000)
  expect([second.status, told(first.status, second.status)]).toEqual([first.status, []])
  expect(second.requeueAfterMs).toBeGreaterThan(0)
})

test("the API server's words in another order are no news", () => {
  const refusedFor = (...faults: string[]) => {
    const words = `pods "x" is forbidden: [${faults.join(", ")}]`
    return preflight({ refusals: [{ about: "target", reason: "PodRefused", words }] })
  }
  const [memory, cpu] = [
    "maximum memory usage is 64Mi, but limit is 512Mi",
    "maximum cpu usage is 1m, but limit is 50m",
  ]
  const { status } = decide(pending({ preflight: refusedFor(memory, cpu) }), now)
  const again = (...faults: string[]) =>
    decide(pending({ preflight: refusedFor(...faults), status }), now + 1000).status
  expect(again(cpu, memory)).toEqual(status)
  expect(again(memory)).not.toEqual(status)
})

test("it starts when there is room", () => {
  const { status } = decide(pending({ preflight: tooSmall }), now)
  const next = decide(pending({ preflight: preflight(), status }), now + 1000)
  expect(accepted(next).slice(0, 2)).toEqual(["Provisioning", "True/Accepted"])
  expect(next.provision?.claims).toHaveLength(1)
})

test("it waits no longer than for anything else, and then says what for", () => {
  const old = { session: { ...session, finalizer: false, createdAt: now - minutes(60) } }
  const { status } = decide(pending({ ...old, preflight: tooSmall }), now)
  expect([status.phase, status.release]).toMatchObject([
    "Failed",
    { reason: "PendingTimeout", message: expect.stringContaining("ResourceQuota compute has no room") as string },
  ])
})

test("a NetworkPolicy that opens the pods: the session starts and says so for as long as it lasts, one Event", () => {
  const first = decide(pending({ preflight: opened }), now)
  const words = /^Recovery point 2026-11-22T03:00:00Z: VolumeSnapshot nightly\. NetworkPolicy open also applies/
  expect(accepted(first)).toEqual(["Provisioning", "True/NetworkOpened", expect.stringMatching(words)])
  expect(told({}, first.status)).toEqual(["Normal Provisioning", "Warning NetworkOpened"])
  const { conditions } = first.status
  const next = decide(provisioning({ status: { ...provisioning().status, ...(conditions && { conditions }) } }), now)
  expect(accepted(next)).toEqual(accepted(first))
  expect(told(first.status, next.status)).toEqual([])
})

test("an emulated guest: a word of it, and no warning", () => {
  const { status } = decide(pending({ preflight: preflight({ kvm: {} }) }), now)
  expect(accepted({ status })).toEqual([
    "Provisioning",
    "True/Accepted",
    expect.stringContaining("The guest is emulated"),
  ])
  expect(told({}, status)).toEqual(["Normal Provisioning"])
})

test("a session that was started without a condition gets one again", () => {
  expect(accepted(decide(provisioning(), now))).toEqual([
    "Provisioning",
    "True/Accepted",
    "Recovery point 2026-11-22T03:00:00Z: VolumeSnapshot nightly.",
  ])
})
