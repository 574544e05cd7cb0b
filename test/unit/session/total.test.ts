import * as fc from "fast-check"
import { expect, test } from "vitest"
import { decide } from "../../../src/session/decide.ts"
import type { Observed } from "../../../src/session/observed.ts"
import type { Plan } from "../../../src/session/plan.ts"
import { anyLateRelease, anyObserved, passTime } from "../../support/worlds.ts"
import { now, session, spec } from "../../support/observed.ts"

const terminal = new Set<string | undefined>(["Unmounted", "Expired", "Failed"])

test("every observation gives a plan, the same each time, that fits", () => {
  fc.assert(
    fc.property(anyObserved, fc.integer({ min: -1e9, max: 1e9 }), (observed, offset) => {
      const before = structuredClone(observed)
      const plan = decide(observed, now + offset)
      expect(decide(observed, now + offset)).toEqual(plan)
      expect(observed).toEqual(before)
      expect(JSON.stringify(plan.status).length).toBeLessThan(64 * 1024)
      expect(plan.requeueAfterMs ?? 0).toBeGreaterThanOrEqual(0)
    }),
    { numRuns: 250 },
  )
})

/** Temporary snapshots and contents of the session that exist; "unknown" where nobody looked. */
function temporaryOf({ status: { clones = [] }, conversions }: Observed): unknown[] {
  const converted = clones.filter(({ content }) => content)
  return converted.flatMap<unknown>((clone) => {
    const found = conversions?.find(({ claim }) => claim === clone.claim)
    if (!found) return ["unknown"]
    const isOurs = clone.content?.uid === undefined ? found.content?.ours : found.content?.uid === clone.content.uid
    return [...(found.snapshot?.ours ? [found.snapshot] : []), ...(isOurs ? [found.content] : [])]
  })
}

/** What is wrong with removing what converted a volume mode: it goes last, and only while the content retains. */
function unsafe({ pods, claims, persistentVolumes, live, conversions, status }: Observed, plan: Plan): string[] {
  const { content, snapshot } = conversions?.[0] ?? {}
  const known = status.clones?.[0]?.content?.uid
  const isOurs = known === undefined ? content?.ours : content?.uid === known
  const early = !live || pods.length + claims.length + persistentVolumes.length > 0
  return plan.remove.flatMap(({ kind, uid, resourceVersion }) => {
    if (kind !== "VolumeSnapshot" && kind !== "VolumeSnapshotContent") return []
    if (early || (isOurs && !content?.retained)) return [`${kind} too early, or it takes the user's along`]
    if (kind === "VolumeSnapshot") return []
    const isSame = content?.uid === uid && content.resourceVersion === resourceVersion && known === uid
    return isSame && !snapshot?.ours ? [] : ["another content, or before its snapshot"]
  })
}

test("what converted a volume mode goes safely", () => {
  fc.assert(
    fc.property(anyLateRelease, (observed) => {
      expect(unsafe(observed, decide(observed, now))).toEqual([])
    }),
    { numRuns: 300 },
  )
})

test("a terminal phase is written only when nothing was observed to be left", () => {
  fc.assert(
    fc.property(anyObserved, (observed) => {
      fc.pre(!terminal.has(observed.status.phase))
      if (!terminal.has(decide(observed, now).status.phase)) return
      const { live, attachment, pods, claims, network, persistentVolumes } = observed
      expect([live, attachment, pods, claims, network, persistentVolumes]).toEqual([true, undefined, [], [], [], []])
      expect(temporaryOf(observed)).toEqual([])
    }),
    { numRuns: 400 },
  )
})

/** Twice a second for the five minutes that a start may be ahead, and a release. */
const mostLooks = 700

/** How many looks it takes until a session in such a world is over; the world does what it is told, but no more. */
function looksUntilOver(observed: Observed): number {
  let world = observed
  let at = now
  for (let looks = 1; looks <= mostLooks; looks++) {
    const plan = decide(world, at)
    expect(unsafe(world, plan)).toEqual([])
    if (terminal.has(plan.status.phase)) return looks
    at += Math.max(plan.requeueAfterMs ?? 0, 500)
    world = passTime(world, plan)
  }
  return Number.POSITIVE_INFINITY
}

test.each([
  ["deleted", { session: { ...session, deleting: true } }],
  ["unmounted", { spec: spec({ desiredState: "Unmounted" }) }],
  ["out of time", { limits: { maxTtlMs: 0, pendingTimeoutMs: 0 } }],
])("from whatever state, a session that is %s comes to its end, and safely", (_, changes) => {
  fc.assert(
    fc.property(anyObserved, ({ queue, ...observed }) => {
      // time in the line for a place is not held against it, and here nobody makes one
      const line = queue && !("limits" in changes) ? { queue } : {}
      expect(looksUntilOver({ ...observed, ...line, ...changes })).toBeLessThan(mostLooks)
    }),
    { numRuns: 200 },
  )
})
