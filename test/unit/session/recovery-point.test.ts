import { expect, test } from "vitest"
import { chooseRecoveryPoint } from "../../../src/session/recovery-point.ts"
import { isVerdict } from "../../../src/session/verdict.ts"
import { snapshot, spec } from "../../support/observed.ts"

const at = (takenAt: string, claimName = "data") => ({ takenAt: `2026-11-${takenAt}Z`, claimName })
const three = [
  snapshot("old", at("20T03:00:00")),
  snapshot("new", at("22T03:00:00")),
  snapshot("mid", at("21T03:00:00")),
]
const two = { persistentVolumeClaims: [{ name: "data" }, { name: "log" }] }
const pairs = [
  snapshot("data-1", at("20T03:00:00")),
  snapshot("log-1", at("20T03:04:00", "log")),
  snapshot("data-2", at("21T03:00:00")),
  snapshot("log-2", at("21T03:05:00", "log")),
  snapshot("data-3", at("22T03:00:00")),
  snapshot("log-3", at("22T03:05:01", "log")),
]

function choose(...args: Parameters<typeof chooseRecoveryPoint>): string {
  const chosen = chooseRecoveryPoint(...args)
  return isVerdict(chosen) ? chosen.reason : chosen.map(({ name }) => name).join(" ")
}

test.each([
  ["the newest of a claim", spec(), three, "new"],
  ["another claim's is newer", spec(), [...three, snapshot("other", at("23T03:00:00", "log"))], "new"],
  ["the newest isn't ready", spec(), [...three, snapshot("newest", { ...at("23T03:00:00"), ready: false })], "new"],
  [
    "the newest is being deleted",
    spec(),
    [...three, snapshot("newest", { ...at("23T03:00:00"), deleting: true })],
    "new",
  ],
  ["the newest has no time", spec(), [snapshot("newest", { takenAt: "" }), ...three], "new"],
  ["two at the same time", spec(), [snapshot("b"), snapshot("a")], "a"],
  ["by name", spec({ recoveryPoint: { name: "mid" } }), three, "mid"],
  ["by a name nobody has", spec({ recoveryPoint: { name: "gone" } }), three, "SnapshotNotFound"],
  [
    "by the name of another claim's",
    spec({ recoveryPoint: { name: "log-1" } }),
    [...three, ...pairs],
    "NoRecoveryPoint",
  ],
  [
    "by the name of one not ready",
    spec({ recoveryPoint: { name: "x" } }),
    [...three, snapshot("x", { ready: false })],
    "SnapshotNotReady",
  ],
  ["at a time", spec({ recoveryPoint: { notAfter: "2026-11-21T03:00:00Z" } }), three, "mid"],
  ["just before a time", spec({ recoveryPoint: { notAfter: "2026-11-21T02:59:59Z" } }), three, "old"],
  ["at a time in another zone", spec({ recoveryPoint: { notAfter: "2026-11-21T04:00:00+01:00" } }), three, "mid"],
  ["before all", spec({ recoveryPoint: { notAfter: "2026-11-19T00:00:00Z" } }), three, "NoRecoveryPointInTime"],
  ["a claim without snapshots", spec(), [], "NoRecoveryPoint"],
  ["a claim whose only snapshot isn't ready", spec(), [snapshot("a", { ready: false })], "SnapshotNotReady"],
  [
    "named snapshots, in their order",
    spec({ source: { volumeSnapshots: [{ name: "new" }, { name: "old" }] } }),
    three,
    "new old",
  ],
  [
    "a named snapshot that is missing",
    spec({ source: { volumeSnapshots: [{ name: "x" }] } }),
    three,
    "SnapshotNotFound",
  ],
  ["several claims: the newest within 5 minutes", spec({ source: two }), pairs, "data-2 log-2"],
  [
    "several claims at a time",
    spec({ source: two, recoveryPoint: { notAfter: "2026-11-21T03:04:59Z" } }),
    pairs,
    "data-1 log-1",
  ],
  ["several claims by one name", spec({ source: two, recoveryPoint: { name: "log-1" } }), pairs, "data-1 log-1"],
  [
    "several claims, the named one has no fellow",
    spec({ source: two, recoveryPoint: { name: "data-3" } }),
    pairs,
    "NoCommonRecoveryPoint",
  ],
  ["several claims, none together", spec({ source: two }), pairs.slice(4), "NoCommonRecoveryPoint"],
  [
    "several claims, the fellow isn't ready",
    spec({ source: two }),
    [...pairs.slice(4), snapshot("log-4", { ...at("22T03:01:00", "log"), ready: false })],
    "SnapshotNotReady",
  ],
  ["several claims, one without snapshots", spec({ source: two }), three, "NoRecoveryPoint"],
])("%s", (_, wanted, snapshots, expected) => expect(choose(wanted, snapshots)).toBe(expected))

const points = (...recoveryPoints: NonNullable<Parameters<typeof spec>[0]>["recoveryPoints"] & object) => ({
  recoveryPoints,
})
const noon = { notAfter: "2026-11-21T12:00:00Z" }

test.each([
  [
    "by name, in the order asked for",
    spec(points({ name: "mid" }, { name: "new" }, { name: "old" })),
    three,
    "mid new old",
  ],
  ["the newest and one in time", spec(points({}, noon)), three, "new mid"],
  ["of several claims", spec({ source: two, ...points({ name: "log-1" }, {}) }), pairs, "data-1 log-1 data-2 log-2"],
  ["one in time that is another's", spec(points({ name: "mid" }, noon)), three, "RecoveryPointsEqual"],
  [
    "two of several claims that share a snapshot",
    spec({ source: two, ...points({ name: "data-2" }, { name: "log-2b" }) }),
    [...pairs, snapshot("log-2b", at("21T03:01:00", "log"))],
    "RecoveryPointsEqual",
  ],
  ["one that isn't there", spec(points({ name: "mid" }, { name: "gone" })), three, "SnapshotNotFound"],
  ["of a claim without snapshots", spec(points({}, noon)), [], "NoRecoveryPoint"],
])("several points: %s", (_, wanted, snapshots, expected) => expect(choose(wanted, snapshots)).toBe(expected))

test("which of several points is refused is said", () => {
  expect(chooseRecoveryPoint(spec(points({ name: "mid" }, { name: "gone" })), three)).toMatchObject({
    message: expect.stringMatching(/^Recovery point 2: There is no VolumeSnapshot gone/) as string,
  })
  expect(chooseRecoveryPoint(spec(points({}, { name: "mid" }, noon)), three)).toMatchObject({
    message: expect.stringMatching(/^Recovery points 2 and 3 would both be VolumeSnapshot mid\. /) as string,
  })
})

test("messages name the claims and the oldest recovery point", () => {
  const tooEarly = spec({ recoveryPoint: { notAfter: "2026-11-19T00:00:00Z" } })
  expect(chooseRecoveryPoint(tooEarly, three)).toMatchObject({
    message: expect.stringContaining(
      "The oldest recovery point of claim data is VolumeSnapshot old of 2026-11-20T03:00:00Z",
    ) as string,
  })
})
