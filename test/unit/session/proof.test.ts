import { expect, test } from "vitest"
import { decide } from "../../../src/session/decide.ts"
import { happenings } from "../../../src/session/happenings.ts"
import type { Observed } from "../../../src/session/observed.ts"
import * as at from "../../support/observed.ts"
import { minutes, names, nothingLeft, now, session } from "../../support/observed.ts"
import * as verifying from "../../support/verifying.ts"
import { disk, disks, first, hashed, other, part, releasing, total } from "../../support/verifying.ts"

const targetPod = names.pod("target", 0)
const hashing = (percent: number) => ({
  state: "Releasing" as const,
  hashing: { bytesDone: part(percent), bytesTotal: total },
})
const deleted = { session: { ...session, deleting: true } }
const unreachable = { target: { podName: targetPod, unreachable: "time-out" } }

function does(observed: Observed): string {
  const { control, remove, status } = decide(observed, now)
  const calls = control.map((call) => `${call.do} ${call.role}${call.do === "release" && call.hash ? " and hash" : ""}`)
  return [...calls, ...remove.map(({ kind }) => `remove ${kind}`)].join(", ") || String(status.phase)
}

test.each<[string, Observed, string]>([
  ["nobody reads any more", releasing({ state: "Serving" }), "release target and hash"],
  ["the restore pod took two minutes", releasing({ state: "Serving" }, 120), "release target and hash"],
  ["it hashes", releasing(hashing(40), 60, hashed(40, 5)), "Unmounting"],
  ["it hashes since an hour", releasing(hashing(41), 3600, hashed(40, 5)), "Unmounting"],
  ["it hashes since an hour, and no operator looked", releasing(hashing(41), 3600, hashed(40, 3600)), "Unmounting"],
  ["it has stood still for 179 s", releasing(hashing(40), 3600, hashed(40, 179)), "Unmounting"],
  ["it has stood still for 180 s", releasing(hashing(40), 3600, hashed(40, 180)), "remove Pod"],
  ["it does not answer once", { ...releasing({}, 3600, hashed(40, 20)), ...unreachable }, "Unmounting"],
  ["it does not answer for 90 s", { ...releasing({}, 3600, hashed(40, 90)), ...unreachable }, "remove Pod"],
  ["the session was deleted", { ...releasing({ state: "Serving" }), ...deleted }, "release target"],
  [
    "the session is deleted while it hashes",
    { ...releasing(hashing(40), 60, hashed(40, 5)), ...deleted },
    "release target",
  ],
  [
    "the session is deleted when it has hashed for long",
    { ...releasing(hashing(40), 3600, hashed(40, 5)), ...deleted },
    "remove Pod",
  ],
  [
    "it has hashed",
    releasing({ state: "Released", disks: disks({ sha256After: first }) }),
    "remove FileRecoveryAttachment",
  ],
])("%s: %s", (_, observed, expected) => expect(does(observed)).toBe(expected))

test("how far it is can be read where the release says what it waits for", () => {
  const { status, requeueAfterMs } = decide(releasing(hashing(40), 60, hashed(40, 5)), now)
  expect(status.conditions?.find(({ type }) => type === "Released")?.message).toBe(
    `Waiting until pod ${targetPod} on node n1 has hashed its disks again: 40% of 1.0 GiB.`,
  )
  expect([status.hashing, requeueAfterMs]).toEqual([hashed(40, 5), 644.245_094])
})

const ended = at.ended("target", "OOMKilled", "")
const late = (observed: Observed): Observed => ({
  ...observed,
  status: { ...observed.status, startedAt: at.iso(now - minutes(720)) },
})
const problem = { reason: "DiskUnreadable", message: "Disk data can't be hashed: EIO" }

test.each<[string, Observed, string, RegExp]>([
  ["the target serves still", releasing({ state: "Serving" }), "absent", /^$/],
  ["the disk is hashed again", releasing(hashing(40)), "absent", /^$/],
  [
    "the hashes are equal",
    releasing({ state: "Released", disks: disks({ sha256After: first }) }),
    "True/SourceVerified",
    /^The disk still has the sha256/,
  ],
  [
    "the hashes differ",
    releasing({ state: "Released", disks: disks({ sha256After: other }) }),
    "False/SourceChanged",
    new RegExp(`^Disk data \\(PersistentVolume pvc-1\\) was changed .* was ${first}, then ${other}\\. Don't rely`),
  ],
  [
    "the hashes differ, says a target that hashes others still",
    releasing({ ...hashing(40), disks: disks({ sha256After: other }) }),
    "False/SourceChanged",
    /Disk data/,
  ],
  [
    "a disk can't be read",
    releasing({ state: "Released", problem }),
    "False/SourceNotVerified",
    /is not known. Disk data can't be hashed: EIO$/,
  ],
  [
    "the target was killed",
    { ...releasing({}), pods: [ended] },
    "False/SourceNotVerified",
    new RegExp(`pod ${targetPod} ended \\(OOMKilled\\) before`),
  ],
  [
    "the target is gone",
    { ...releasing({}), pods: [] },
    "False/SourceNotVerified",
    new RegExp(`pod ${targetPod} ended`),
  ],
  [
    "the session was deleted",
    { ...releasing({ state: "Released" }), ...deleted },
    "False/SourceNotVerified",
    /deleted/,
  ],
  ["the 12 hours are over", late({ ...releasing({}), pods: [ended] }), "False/SourceNotVerified", /no time was left/],
  ["it was not asked for", at.unmounting({ pods: [] }), "absent", /^$/],
  [
    "it ended before a byte was served",
    { ...verifying.hashing(40), spec: at.spec({ verifySource: true, desiredState: "Unmounted" }), pods: [] },
    "absent",
    /^$/,
  ],
])("%s: %s", (_, observed, expected, message) => {
  const { conditions, release } = decide(observed, now).status
  const is = conditions?.find(({ type }) => type === "SourceVerified")
  expect(is ? `${is.status}/${is.reason}` : "absent").toBe(expected)
  expect(is?.message ?? "").toMatch(message)
  expect(release?.sourceVerified).toBe(is && is.status === "True")
})

test("several disks that were changed are all named", () => {
  const before = releasing({})
  const changed = ["data", "log", "more"].map((name) =>
    disk({ name, serial: name, sha256Before: first, sha256After: other }),
  )
  const { status } = decide({ ...before, status: { ...before.status, disks: changed } }, now)
  const said = status.conditions?.find(({ type }) => type === "SourceVerified")?.message
  expect(said).toMatch(/^Disk data .*Other disks that were changed: log, more\./)
})

test("what was said of a target that has gone since stays said", () => {
  const first = decide({ ...releasing({}), pods: [ended] }, now).status
  const again = decide({ ...releasing({}), status: first, pods: [] }, now + 60_000).status
  expect(again.conditions).toContainEqual(first.conditions?.find(({ type }) => type === "SourceVerified"))
})

test("the disks keep the hashes for the summary", () => {
  const before = releasing({ state: "Released", disks: disks({ sha256After: first }) })
  const { status } = decide(before, now)
  const { target: _, ...later } = before
  const over = decide({ ...later, status, ...nothingLeft }, now).status
  expect(over).toMatchObject({
    phase: "Unmounted",
    disks: [disk({ sha256Before: first, sha256After: first })],
    release: { reason: "UnmountRequested", sourceVerified: true },
  })
  expect(over).not.toHaveProperty("hashing")
})

/** The last status of a session that was released for this reason, and whose disk had this hash in the end. */
function over(reason: string, sha256After?: string) {
  const before = releasing({})
  const hashes = { sha256Before: first, ...(sha256After && { sha256After }) }
  const status = { ...before.status, disks: [disk(hashes)], release: { reason, message: "because." } }
  const next = decide({ ...before, ...nothingLeft, status }, now).status
  const conditions = next.conditions?.map((one) => `${one.type}=${one.status}/${one.reason}`).slice(1)
  return { next, conditions: conditions?.join(" "), events: happenings(status, next) }
}

test("a source that was changed fails the session, and says so three times", () => {
  const { next, conditions, events } = over("UnmountRequested", other)
  expect(next).toMatchObject({ phase: "Failed", release: { reason: "UnmountRequested", sourceVerified: false } })
  expect(conditions).toBe(
    "SourceVerified=False/SourceChanged Released=True/Released Ready=False/SourceChanged Stalled=True/SourceChanged",
  )
  expect(events.map(({ type, reason }) => `${type} ${reason}`)).toContain("Warning SourceChanged")
})

test.each([
  ["UnmountRequested", undefined, "Unmounted", "SourceNotVerified", "Complete=True/UnmountRequested"],
  ["TtlEnded", first, "Expired", "SourceVerified", "Complete=True/TtlEnded"],
  ["TargetLost", other, "Failed", "SourceChanged", "Stalled=True/TargetLost"],
])("%s, hash afterwards %s: %s, %s", (reason, hash, phase, verified, end) => {
  const { next, conditions, events } = over(reason, hash)
  expect([next.phase, conditions]).toEqual([phase, expect.stringContaining(`/${verified} `)])
  expect(conditions).toContain(end)
  const warned = events.some((event) => event.type === "Warning" && event.reason === verified)
  expect(warned).toBe(verified !== "SourceVerified")
})
