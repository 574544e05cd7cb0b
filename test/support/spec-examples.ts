import type { SessionSpecInput } from "../../src/api/spec.ts"

/** A spec, whether it may be created, and if not a part of the message. zod and the API server must agree on every row. */
export interface SpecExample {
  name: string
  spec: unknown
  refused?: string | true
}

const claims: SessionSpecInput["source"] = { persistentVolumeClaims: [{ name: "data-orders-0" }] }
const snapshots: SessionSpecInput["source"] = { volumeSnapshots: [{ name: "nightly" }] }
const named = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `data-${index}` }))

const points = (...names: string[]) => names.map((name) => ({ name }))

/** `SECRET/KEY` each, as the field has them. */
const keys = (...all: string[]) =>
  all.map((text) => ({ secretRef: { name: text.replace(/\/.*$/, ""), key: text.replace(/^[^/]*\//, "") } }))

export const specExamples: SpecExample[] = [
  { name: "a claim", spec: { source: claims } },
  { name: "a snapshot", spec: { source: snapshots } },
  { name: "64 claims", spec: { source: { persistentVolumeClaims: named(64) } } },
  { name: "a StorageClass", spec: { source: { volumeSnapshots: [{ name: "a", storageClassName: "fast" }] } } },
  { name: "a dotted name", spec: { source: { volumeSnapshots: [{ name: "a.b-c.1" }] } } },
  { name: "a recovery point by name", spec: { source: claims, recoveryPoint: { name: "nightly" } } },
  { name: "a recovery point in time", spec: { source: claims, recoveryPoint: { notAfter: "2026-11-22T03:00:00Z" } } },
  { name: "a time with offset", spec: { source: claims, recoveryPoint: { notAfter: "2026-11-22T03:00:00+01:00" } } },
  { name: "a leap day", spec: { source: claims, recoveryPoint: { notAfter: "2028-02-29T00:00:00Z" } } },
  {
    name: "four recovery points side by side",
    spec: { source: claims, recoveryPoints: [{}, { name: "a" }, { name: "b" }, { notAfter: "2026-11-22T03:00:00Z" }] },
  },
  {
    name: "64 disks of four recovery points",
    spec: { source: { persistentVolumeClaims: named(16) }, recoveryPoints: points("a", "b", "c", "d") },
  },
  { name: "an empty recovery point", spec: { source: snapshots, recoveryPoint: {} } },
  { name: "the shortest ttl", spec: { source: claims, ttl: "1m" } },
  { name: "the shortest ttl in seconds", spec: { source: claims, ttl: "60s" } },
  { name: "the longest ttl", spec: { source: claims, ttl: "12h" } },
  { name: "the longest ttl in minutes", spec: { source: claims, ttl: "720m" } },
  { name: "a mixed ttl", spec: { source: claims, ttl: "1h30m5s" } },
  { name: "the shortest idleTimeout", spec: { source: claims, idleTimeout: "1m" } },
  { name: "the longest idleTimeout", spec: { source: claims, idleTimeout: "12h" } },
  { name: "an idleTimeout longer than the ttl", spec: { source: claims, ttl: "1h", idleTimeout: "2h" } },
  { name: "deleted as soon as finished", spec: { source: claims, ttlAfterFinished: "0s" } },
  { name: "deleted a month after", spec: { source: claims, ttlAfterFinished: "720h" } },
  { name: "deleted long after anybody cares", spec: { source: claims, ttlAfterFinished: "99999h99999m99999s" } },
  { name: "a source to be verified", spec: { source: claims, verifySource: true } },
  { name: "no key", spec: { source: claims, unlock: [] } },
  { name: "a key of a Secret", spec: { source: claims, unlock: keys("luks/pass.phrase_1-A") } },
  { name: "four keys, two of one Secret", spec: { source: claims, unlock: keys("a/1", "a/2", "b/1", "c/..x") } },
  { name: "journals left alone", spec: { source: claims, journal: "Skip" } },
  { name: "created unmounted", spec: { source: claims, desiredState: "Unmounted" } },

  { name: "no spec", spec: {}, refused: true },
  { name: "no source", spec: { source: {} }, refused: "exactly one of" },
  { name: "two sources", spec: { source: { ...claims, ...snapshots } }, refused: "exactly one of" },
  { name: "no claim", spec: { source: { persistentVolumeClaims: [] } }, refused: true },
  { name: "65 claims", spec: { source: { persistentVolumeClaims: named(65) } }, refused: true },
  {
    name: "a claim twice",
    spec: { source: { persistentVolumeClaims: [{ name: "a" }, { name: "b" }, { name: "a" }] } },
    refused: "only once",
  },
  { name: "a claim without name", spec: { source: { persistentVolumeClaims: [{}] } }, refused: true },
  { name: "an empty name", spec: { source: { persistentVolumeClaims: [{ name: "" }] } }, refused: true },
  { name: "a name of 254", spec: { source: { volumeSnapshots: [{ name: "a".repeat(254) }] } }, refused: true },
  { name: "a name with a slash", spec: { source: { volumeSnapshots: [{ name: "other/nightly" }] } }, refused: true },
  { name: "a name with a line end", spec: { source: { volumeSnapshots: [{ name: "nightly\n" }] } }, refused: true },
  { name: "a name in capitals", spec: { source: { volumeSnapshots: [{ name: "Nightly" }] } }, refused: true },
  {
    name: "two ways to choose",
    spec: { source: claims, recoveryPoint: { name: "nightly", notAfter: "2026-11-22T03:00:00Z" } },
    refused: "only one of name and notAfter",
  },
  { name: "one of several recovery points", spec: { source: claims, recoveryPoints: points("a") }, refused: true },
  {
    name: "five recovery points",
    spec: { source: claims, recoveryPoints: points("a", "b", "c", "d", "e") },
    refused: true,
  },
  {
    name: "the same recovery point twice",
    spec: { source: claims, recoveryPoints: points("a", "b", "a") },
    refused: "only once",
  },
  { name: "the newest recovery point twice", spec: { source: claims, recoveryPoints: [{}, {}] }, refused: "only once" },
  {
    name: "two ways to choose one of several",
    spec: { source: claims, recoveryPoints: [{ name: "a", notAfter: "2026-11-22T03:00:00Z" }, { name: "b" }] },
    refused: "only one of name and notAfter",
  },
  {
    name: "several recovery points, and one",
    spec: { source: claims, recoveryPoint: { name: "a" }, recoveryPoints: points("a", "b") },
    refused: "only one of recoveryPoint and recoveryPoints",
  },
  {
    name: "several recovery points of snapshots",
    spec: { source: snapshots, recoveryPoints: points("a", "b") },
    refused: "those of persistentVolumeClaims",
  },
  {
    name: "66 disks of two recovery points",
    spec: { source: { persistentVolumeClaims: named(33) }, recoveryPoints: points("a", "b") },
    refused: "at most 64 disks",
  },
  {
    name: "a choice among chosen snapshots",
    spec: { source: snapshots, recoveryPoint: { notAfter: "2026-11-22T03:00:00Z" } },
    refused: "chosen already",
  },
  { name: "a time that isn't one", spec: { source: claims, recoveryPoint: { notAfter: "yesterday" } }, refused: true },
  {
    name: "a time without zone",
    spec: { source: claims, recoveryPoint: { notAfter: "2026-11-22T03:00:00" } },
    refused: true,
  },
  {
    name: "a day that doesn't exist",
    spec: { source: claims, recoveryPoint: { notAfter: "2026-02-29T03:00:00Z" } },
    refused: true,
  },
  { name: "ttl too short", spec: { source: claims, ttl: "59s" }, refused: "at least 1m" },
  { name: "ttl of nothing", spec: { source: claims, ttl: "0h" }, refused: "at least 1m" },
  { name: "ttl too long", spec: { source: claims, ttl: "12h1s" }, refused: "at most 12h" },
  { name: "ttl far too long", spec: { source: claims, ttl: "99999h" }, refused: "at most 12h" },
  { name: "ttl in days", spec: { source: claims, ttl: "1d" }, refused: true },
  { name: "ttl in parts of hours", spec: { source: claims, ttl: "1.5h" }, refused: true },
  { name: "negative ttl", spec: { source: claims, ttl: "-1h" }, refused: true },
  { name: "empty ttl", spec: { source: claims, ttl: "" }, refused: true },
  { name: "ttl as number", spec: { source: claims, ttl: 3600 }, refused: true },
  { name: "idleTimeout too short", spec: { source: claims, idleTimeout: "59s" }, refused: "at least 1m" },
  { name: "idleTimeout of nothing", spec: { source: claims, idleTimeout: "0s" }, refused: "at least 1m" },
  { name: "idleTimeout too long", spec: { source: claims, idleTimeout: "13h" }, refused: "at most 12h" },
  { name: "idleTimeout as number", spec: { source: claims, idleTimeout: 60 }, refused: true },
  { name: "empty idleTimeout", spec: { source: claims, idleTimeout: "" }, refused: true },
  { name: "negative ttlAfterFinished", spec: { source: claims, ttlAfterFinished: "-1s" }, refused: true },
  { name: "ttlAfterFinished in days", spec: { source: claims, ttlAfterFinished: "7d" }, refused: true },
  { name: "empty ttlAfterFinished", spec: { source: claims, ttlAfterFinished: "" }, refused: true },
  { name: "ttlAfterFinished without unit", spec: { source: claims, ttlAfterFinished: "60" }, refused: true },
  { name: "verifySource as text", spec: { source: claims, verifySource: "true" }, refused: true },
  { name: "five keys", spec: { source: claims, unlock: keys("a/1", "a/2", "a/3", "a/4", "a/5") }, refused: true },
  { name: "a key twice", spec: { source: claims, unlock: keys("a/1", "b/1", "a/1") }, refused: "only once" },
  { name: "a key without Secret", spec: { source: claims, unlock: [{ secretRef: { key: "a" } }] }, refused: true },
  { name: "a Secret without key", spec: { source: claims, unlock: [{ secretRef: { name: "a" } }] }, refused: true },
  { name: "a key of an empty name", spec: { source: claims, unlock: keys("a/") }, refused: true },
  { name: "a key that leads elsewhere", spec: { source: claims, unlock: keys("a/../b") }, refused: true },
  { name: "a Secret of another namespace", spec: { source: claims, unlock: keys("other:a/1") }, refused: true },
  {
    name: "a Secret of a session",
    spec: { source: claims, unlock: keys("frsess-a/1") },
    refused: "of sessions themselves",
  },
  { name: "a key itself", spec: { source: claims, unlock: ["secret"] }, refused: true },
  { name: "an unknown journal", spec: { source: claims, journal: "Ignore" }, refused: true },
  { name: "an unknown desired state", spec: { source: claims, desiredState: "Paused" }, refused: true },
]

/** A change of a spec. Only the API server sees both sides, so these rows are for its CEL rules alone. */
export interface SpecChange {
  name: string
  from: SessionSpecInput
  to: SessionSpecInput
  refused?: string
}

export const specChanges: SpecChange[] = [
  { name: "unmounted", from: { source: claims }, to: { source: claims, desiredState: "Unmounted" } },
  { name: "ttl raised", from: { source: claims, ttl: "1h" }, to: { source: claims, ttl: "2h" } },
  { name: "ttl lowered", from: { source: claims, ttl: "2h" }, to: { source: claims, ttl: "1h" } },
  { name: "an idleTimeout added", from: { source: claims }, to: { source: claims, idleTimeout: "30m" } },
  {
    name: "an idleTimeout changed",
    from: { source: claims, idleTimeout: "1h" },
    to: { source: claims, idleTimeout: "2h" },
  },
  { name: "an idleTimeout removed", from: { source: claims, idleTimeout: "1h" }, to: { source: claims } },
  { name: "a ttlAfterFinished added", from: { source: claims }, to: { source: claims, ttlAfterFinished: "0s" } },
  {
    name: "a ttlAfterFinished added to an unmounted one",
    from: { source: claims, desiredState: "Unmounted" },
    to: { source: claims, desiredState: "Unmounted", ttlAfterFinished: "0s" },
  },
  { name: "a ttlAfterFinished removed", from: { source: claims, ttlAfterFinished: "1h" }, to: { source: claims } },
  { name: "another source", from: { source: claims }, to: { source: snapshots }, refused: "source can't change" },
  {
    name: "another claim",
    from: { source: claims },
    to: { source: { persistentVolumeClaims: [{ name: "other" }] } },
    refused: "source can't change",
  },
  {
    name: "a StorageClass added",
    from: { source: claims },
    to: { source: { persistentVolumeClaims: [{ name: "data-orders-0", storageClassName: "fast" }] } },
    refused: "source can't change",
  },
  {
    name: "disks in another order",
    from: { source: { volumeSnapshots: [{ name: "a" }, { name: "b" }] } },
    to: { source: { volumeSnapshots: [{ name: "b" }, { name: "a" }] } },
    refused: "source can't change",
  },
  {
    name: "a recovery point added",
    from: { source: claims },
    to: { source: claims, recoveryPoint: { name: "nightly" } },
    refused: "recoveryPoint can't change",
  },
  { name: "verified as it always was not", from: { source: claims }, to: { source: claims, verifySource: false } },
  {
    name: "verified from now on",
    from: { source: claims },
    to: { source: claims, verifySource: true },
    refused: "verifySource can't change",
  },
  {
    name: "no longer verified",
    from: { source: claims, verifySource: true },
    to: { source: claims },
    refused: "verifySource can't change",
  },
  {
    name: "a key added",
    from: { source: claims },
    to: { source: claims, unlock: keys("a/1") },
    refused: "unlock can't change",
  },
  {
    name: "another key",
    from: { source: claims, unlock: keys("a/1") },
    to: { source: claims, unlock: keys("a/2") },
    refused: "unlock can't change",
  },
  {
    name: "no key any more",
    from: { source: claims, unlock: keys("a/1") },
    to: { source: claims },
    refused: "unlock can't change",
  },
  { name: "journals replayed as always", from: { source: claims }, to: { source: claims, journal: "Replay" } },
  {
    name: "journals left alone from now on",
    from: { source: claims },
    to: { source: claims, journal: "Skip" },
    refused: "journal can't change",
  },
  {
    name: "mounted again",
    from: { source: claims, desiredState: "Unmounted" },
    to: { source: claims, desiredState: "Mounted" },
    refused: "Unmounted is final",
  },
  {
    name: "mounted again by leaving it out",
    from: { source: claims, desiredState: "Unmounted" },
    to: { source: claims },
    refused: "Unmounted is final",
  },
]
