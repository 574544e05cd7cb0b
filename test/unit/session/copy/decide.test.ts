import { describe, expect, test } from "vitest"
import { copySpec, type CopySpecInput } from "../../../../src/api/copy.ts"
import type { CopyStatus } from "../../../../src/api/copy-status.ts"
import { copyNames, ownSessionName } from "../../../../src/children/copy.ts"
import type { CopyResult } from "../../../../src/control/copy-result.ts"
import { decideCopy } from "../../../../src/session/copy/decide.ts"
import type { ObservedCopy, ObservedCopyPod, ObservedSession } from "../../../../src/session/copy/observed.ts"

const now = Date.parse("2026-11-26T12:00:00Z")
const hour = 3_600_000
const copy = {
  namespace: "shop",
  name: "restore",
  uid: "copy-uid",
  generation: 2,
  createdAt: now - 60_000,
  deleting: false,
}
const named: Partial<CopySpecInput> = { session: { name: "orders" } }
const inline: Partial<CopySpecInput> = { source: { persistentVolumeClaims: [{ name: "data" }] } }
const spec = (more: Partial<CopySpecInput> = named) =>
  copySpec.parse({
    paths: [{ volume: "data", path: "/orders" }],
    destination: { persistentVolumeClaim: { name: "restored" } },
    ...more,
  })
const session = (more: Partial<ObservedSession> = {}): ObservedSession => ({
  name: "orders",
  uid: "session-uid",
  phase: "Ready",
  deleting: false,
  isOwn: false,
  words: "it is as it is.",
  files: { host: "10.96.0.7", attachment: { name: "a", uid: "a-uid" }, startedAt: now - hour },
  ...more,
})
const names = copyNames({ namespace: "shop", name: "orders", uid: "session-uid" }, copy)
const pod = (generation: number, more: Partial<ObservedCopyPod> = {}): ObservedCopyPod => ({
  name: names.pod(generation),
  uid: `pod-${generation}`,
  deleting: false,
  phase: "Running",
  containers: [],
  ...more,
})
const said = (more: Partial<CopyResult>): Partial<ObservedCopyPod> => ({
  phase: "Failed",
  result: { reason: "Copied", message: "said", files: 1, bytes: 2, skipped: 3, failed: 0, failures: [], ...more },
})
const observed = (more: Partial<ObservedCopy> = {}): ObservedCopy => ({
  copy,
  spec: spec(),
  status: {},
  limits: { pendingTimeoutMs: hour },
  policiesMissing: [],
  session: session(),
  destination: { volumeMode: "Filesystem", deleting: false },
  pods: [],
  policies: [],
  ...more,
})
const copying = (more: CopyStatus = {}): CopyStatus => ({
  phase: "Copying",
  session: { name: "orders", uid: "session-uid" },
  podName: names.pod(0),
  ...more,
})
const without = (key: "session" | "destination", more: Partial<ObservedCopy> = {}): ObservedCopy => {
  const { [key]: _, ...rest } = observed(more)
  return rest
}
const own = { name: ownSessionName(copy), isOwn: true }
const policy = { name: names.policy("in"), uid: "policy", deleting: false }
const complete = ({ status }: ReturnType<typeof decideCopy>) => {
  const found = status.conditions?.find(({ type }) => type === "Complete")
  return `${status.phase} ${found?.status} ${found?.reason}`
}

describe("where it stands", () => {
  test.each<[string, ObservedCopy, string]>([
    ["policies are missing", observed({ policiesMissing: ["names"] }), "Pending False PolicyMissing"],
    ["a spec that isn't valid", observed({ spec: undefined, specProblem: "no" }), "Failed False SpecInvalid"],
    ["brought back by a backup tool", observed({ copy: { ...copy, restored: "monday" } }), "Failed False Restored"],
    ["no session of that name", without("session"), "Pending False SessionNotFound"],
    [
      "no session of that name for an hour",
      without("session", { copy: { ...copy, createdAt: now - hour } }),
      "Failed False PendingTimeout",
    ],
    ["a session that waits", observed({ session: session({ phase: "Pending" }) }), "Pending False NotReady"],
    [
      "a session that waits for an hour",
      observed({ session: session({ phase: "Pending" }), copy: { ...copy, createdAt: 0 } }),
      "Pending False NotReady",
    ],
    ["a session that has ended", observed({ session: session({ phase: "Expired" }) }), "Failed False SessionEnded"],
    ["a session that is deleted", observed({ session: session({ deleting: true }) }), "Failed False SessionEnded"],
    [
      "another session of that name",
      observed({ status: copying({ session: { name: "orders", uid: "other" } }) }),
      "Failed False SessionEnded",
    ],
    [
      "a session of its own that can't be made for an hour",
      without("session", { spec: spec(inline), copy: { ...copy, createdAt: 0 }, status: { phase: "Pending" } }),
      "Failed False PendingTimeout",
    ],
    [
      "a session of its own to be made, after an hour without an operator",
      without("session", { spec: spec(inline), copy: { ...copy, createdAt: 0 } }),
      "Pending False Starting",
    ],
    ["a session of its own to be made", without("session", { spec: spec(inline) }), "Pending False Starting"],
    [
      "a session of somebody else that is called like its own",
      observed({ spec: spec(inline), session: session({ ...own, isOwn: false }) }),
      "Failed False Forbidden",
    ],
    ["no claim", without("destination"), "Pending False DestinationNotFound"],
    [
      "a claim that is going",
      observed({ destination: { volumeMode: "Filesystem", deleting: true } }),
      "Pending False DestinationNotFound",
    ],
    [
      "a block device",
      observed({ destination: { volumeMode: "Block", deleting: false } }),
      "Failed False DestinationUnfit",
    ],
    ["all is there", observed(), "Copying False Copying"],
    ["it copies", observed({ status: copying(), pods: [pod(0)] }), "Copying False Copying"],
    [
      "its pod can't be placed",
      observed({
        status: copying(),
        pods: [pod(0, { phase: "Pending", waits: { reason: "PodUnschedulable", message: "no node" } })],
      }),
      "Copying False PodUnschedulable",
    ],
    [
      "copied, but things of it are there",
      observed({ status: copying(), pods: [pod(0, said({}))], policies: [policy] }),
      "Closing False Closing",
    ],
    ["copied, nothing is there", observed({ status: { ...copying(), phase: "Closing" } }), "Complete True Copied"],
    [
      "some files not copied",
      observed({ status: copying(), pods: [pod(0, said({ reason: "CopyIncomplete", failed: 1 }))] }),
      "Closing False Closing",
    ],
    ["over", observed({ status: { phase: "Complete" } }), "Complete undefined undefined"],
  ])("%s", (_, given, expected) => {
    expect(complete(decideCopy(given, now))).toBe(expected)
  })
})

describe("pods", () => {
  test("the first one is named before it is made", () => {
    const { createPod, status } = decideCopy(observed(), now)
    expect([createPod, status.podName]).toEqual([names.pod(0), names.pod(0)])
    expect(status).toMatchObject({ startedAt: "2026-11-26T12:00:00Z", session: { uid: "session-uid" } })
  })

  test.each<[string, ObservedCopyPod[], CopyStatus, { createPod?: string; remove: string[]; lostPods?: number }]>([
    ["one that runs is left alone", [pod(0)], {}, { remove: [] }],
    ["one that is going is awaited", [pod(0, { deleting: true })], {}, { remove: [] }],
    ["one that is gone is followed", [], {}, { createPod: names.pod(1), remove: [], lostPods: 1 }],
    [
      "one that the API server refused is asked for again",
      [],
      {
        conditions: [
          {
            type: "Complete",
            status: "False",
            reason: "QuotaExceeded",
            message: "",
            lastTransitionTime: "2026-11-26T12:00:00Z",
          },
        ],
      },
      { createPod: names.pod(0), remove: [] },
    ],
    ["one that ended without a word goes first", [pod(0, { phase: "Failed" })], {}, { remove: [names.pod(0)] }],
    ["one that was told to end as well", [pod(0, said({ reason: "Interrupted" }))], {}, { remove: [names.pod(0)] }],
    [
      "one that lost the connection as well",
      [pod(0, said({ reason: "ConnectionLost" }))],
      {},
      { remove: [names.pod(0)] },
    ],
    ["the fifth is the last", [], { lostPods: 3 }, { createPod: names.pod(4), remove: [], lostPods: 4 }],
    ["a sixth is not made", [], { lostPods: 4 }, { remove: [], lostPods: 5 }],
  ])("%s", (_, pods, status, { lostPods, ...expected }) => {
    const plan = decideCopy(observed({ pods, status: copying(status) }), now)
    expect({ createPod: plan.createPod, remove: plan.remove.map(({ name }) => name) }).toEqual({
      createPod: undefined,
      ...expected,
    })
    expect(plan.status.lostPods).toBe(lostPods)
  })

  test("what a lost one had copied is told", () => {
    const pods = [pod(0, said({ reason: "Interrupted", files: 7, bytes: 8 }))]
    expect(decideCopy(observed({ pods, status: copying() }), now).status).toMatchObject({ files: 7, bytes: 8 })
  })
})

describe("the session at the end", () => {
  const closing = { ...copying(), phase: "Closing" as const }
  const closes = (more: Partial<CopySpecInput>, one: Partial<ObservedSession>) =>
    decideCopy(observed({ status: closing, spec: spec(more), session: session(one) }), now)
  const close = { session: { name: "orders", close: true } }
  test.each<[string, Partial<CopySpecInput>, Partial<ObservedSession>, string | undefined, string]>([
    ["its own is deleted", inline, own, "delete", "Closing"],
    ["its own that is going is awaited", inline, { ...own, deleting: true }, undefined, "Closing"],
    ["another's goes on", named, {}, undefined, "Complete"],
    ["another's that is to be closed is unmounted", close, {}, "unmount", "Closing"],
    ["one that unmounts is awaited", close, { phase: "Unmounting" }, undefined, "Closing"],
    ["one that is unmounted is enough", close, { phase: "Unmounted" }, undefined, "Complete"],
    ["a new one of that name goes on", close, { uid: "other" }, undefined, "Complete"],
  ])("%s", (_, more, one, how, phase) => {
    const plan = closes(more, one)
    expect([plan.closeSession?.how, plan.status.phase]).toEqual([how, phase])
  })

  test("a failure is remembered while it closes", () => {
    const pods = [pod(0, said({ reason: "DestinationFull", message: "No room." }))]
    const first = decideCopy(observed({ status: copying(), pods }), now)
    const last = decideCopy(observed({ status: first.status }), now)
    expect(complete(last)).toBe("Failed False DestinationFull")
    expect(last.status.conditions?.map(({ type, status }) => `${type} ${status}`)).toEqual([
      "Complete False",
      "Failed True",
      "Stalled True",
    ])
  })
})

test("a copy that is deleted takes what it has along", () => {
  const given = observed({ copy: { ...copy, deleting: true }, status: copying(), pods: [pod(0)], policies: [policy] })
  expect(decideCopy(given, now).remove.map(({ kind }) => kind)).toEqual(["Pod", "NetworkPolicy"])
})

test.each<[string, string | undefined, object]>([
  ["none", undefined, {}],
  ["it has passed", "30m", { deleteCopy: true }],
  ["it has not passed", "2h", { requeueAfterMs: hour }],
])("ttlAfterFinished: %s", (_, ttlAfterFinished, expected) => {
  const status = { phase: "Complete" as const, finishedAt: "2026-11-26T11:00:00Z" }
  const more = ttlAfterFinished === undefined ? {} : { ttlAfterFinished }
  const { deleteCopy, requeueAfterMs } = decideCopy(observed({ status, spec: spec({ ...named, ...more }) }), now)
  expect({ ...(deleteCopy && { deleteCopy }), ...(requeueAfterMs && { requeueAfterMs }) }).toEqual(expected)
})

test("the same observation gives the same plan", () => {
  const given = observed({ status: copying(), pods: [pod(0)] })
  const first = decideCopy(given, now)
  expect(decideCopy({ ...given, status: first.status }, now + 1000)).toEqual(first)
})
