import { expect, test } from "vitest"
import { decide } from "../../../src/session/decide.ts"
import { happenings } from "../../../src/session/happenings.ts"
import type { Observed, ObservedQueue } from "../../../src/session/observed.ts"
import * as at from "../../support/observed.ts"
import { minutes, names, now, pending, session, sources, spec } from "../../support/observed.ts"

const full = (changes: Partial<ObservedQueue> = {}): ObservedQueue => ({
  limit: "namespace",
  held: 20,
  most: 20,
  position: 3,
  waiting: 7,
  ...changes,
})
const unstarted = { ...session, finalizer: false }
const nothing = { ...sources, snapshots: [] }
const queuedStatus = decide(pending({ queue: full() }), now).status

/** A session that waited in the queue, as it is looked at so many minutes later. */
const later = (ago: number, changes: Partial<Observed>) =>
  pending({ session: { ...unstarted, createdAt: now - minutes(ago) }, status: queuedStatus, ...changes })

const accepted = ({ status }: { status: Observed["status"] }) =>
  status.conditions?.find(({ type }) => type === "Accepted")

test("no place: Pending, and nothing is made", () => {
  const plan = decide(pending({ queue: full() }), now)
  expect(plan).toMatchObject({ finalizer: "keep", control: [], remove: [], status: { phase: "Pending" } })
  expect(plan.provision).toBeUndefined()
  expect(plan.status.startedAt).toBeUndefined()
  expect(accepted(plan)).toMatchObject({ status: "False", reason: "Queued" })
  expect(happenings({}, plan.status).map(({ reason }) => reason)).toEqual(["Pending", "Queued"])
})

const cure = "It starts by itself when its turn comes; unmount sessions nobody needs, or have the limit raised."
test.each<[string, ObservedQueue, string]>([
  [
    "its namespace",
    full(),
    "20 sessions are in progress in namespace shop, where limits.sessionsPerNamespace allows 20; this one is 3rd of 7 that wait.",
  ],
  [
    "the cluster",
    full({ limit: "cluster", held: 100, most: 100, position: 21, waiting: 112 }),
    "100 sessions are in progress in the cluster, where limits.sessionsPerCluster allows 100; this one is 21st of 112 that wait.",
  ],
  [
    "a limit of one",
    full({ held: 1, most: 1, position: 11, waiting: 11 }),
    "1 session is in progress in namespace shop, where limits.sessionsPerNamespace allows 1; this one is 11th of 11 that wait.",
  ],
])("it is told that %s is full, where it stands, and what to do", (_, queue, words) =>
  expect(accepted(decide(pending({ queue }), now))?.message).toBe(`${words} ${cure}`),
)

test.each<[string, Observed, string]>([
  ["what can't heal is told although there is no place", pending({ spec: undefined, queue: full() }), "Failed"],
  [
    "what is missing is told although there is no place",
    pending({ sources: nothing, queue: full() }),
    "NoRecoveryPoint",
  ],
  [
    "it is queued, and nothing was read because it isn't its turn",
    later(1, { sources: nothing, queue: full() }),
    "Queued",
  ],
  ["it is its turn", later(1, {}), "Provisioning"],
  ["it is its turn, but its snapshot is gone", later(1, { sources: nothing }), "NoRecoveryPoint"],
  ["unmounted in the queue", later(1, { queue: full(), spec: spec({ desiredState: "Unmounted" }) }), "Unmounted"],
  ["deleted in the queue", later(1, { queue: full(), session: { ...unstarted, deleting: true } }), "Unmounted"],
  ["in the queue for a day", later(1440, { queue: full() }), "Queued"],
])("%s: %s", (_, observed, expected) => {
  const plan = decide(observed, now)
  const { phase = "" } = plan.status
  expect(phase === "Pending" ? accepted(plan)?.reason : phase).toBe(expected)
})

test("a session that is in progress is not asked to wait", () =>
  expect(decide(at.ready({ queue: full() }), now).status.phase).toBe("Ready"))

test("time in the queue is not held against it: pendingTimeout counts from when something else was missing", () => {
  const first = decide(later(300, { sources: nothing }), now)
  expect(first.status).toMatchObject({ phase: "Pending", pendingSince: at.iso(now) })
  const ended = (ago: number) =>
    decide(later(300 + ago, { sources: nothing, status: first.status }), now + minutes(ago)).status
  expect(ended(59)).toMatchObject({ phase: "Pending", pendingSince: at.iso(now) })
  expect(ended(60)).toMatchObject({ phase: "Failed", release: { reason: "PendingTimeout" } })
  const again = decide(later(359, { status: ended(59), queue: full() }), now + minutes(59)).status
  expect(again).toMatchObject({ phase: "Pending" })
  expect(again.pendingSince).toBeUndefined()
})

test("who never was in the queue has its time from its creation", () => {
  const waiting = (ago: number) =>
    decide(pending({ session: { ...unstarted, createdAt: now - minutes(ago) }, sources: nothing }), now).status
  expect(waiting(59)).toMatchObject({ phase: "Pending" })
  expect(waiting(59).pendingSince).toBeUndefined()
  expect(waiting(60)).toMatchObject({ phase: "Failed" })
})

test.each([
  ["first", 1, 10_000],
  ["tenth", 10, 30_000],
  ["nine hundredth", 900, 600_000],
])("who is %s in line looks again after %i: %i ms", (_, position, ms) =>
  expect(decide(pending({ queue: full({ position, waiting: 900 }) }), now).requeueAfterMs).toBe(ms),
)

test("started from the queue, it keeps nothing of it", () => {
  const { status } = decide(later(90, { status: { ...queuedStatus, pendingSince: at.iso(now) } }), now)
  expect(status).toMatchObject({ startedAt: at.iso(now), clones: [{ claim: names.claim(0) }] })
  expect(status).not.toHaveProperty("pendingSince")
})
