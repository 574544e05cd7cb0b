import type { CopySpecInput } from "../../src/api/copy.ts"
import type { SpecExample } from "./spec-examples.ts"

/** Specs of copies, as those of sessions in spec-examples.ts: zod and the API server must agree on every row. */
const destination: CopySpecInput["destination"] = { persistentVolumeClaim: { name: "restored" } }
const paths: CopySpecInput["paths"] = [{ volume: "vg0-data", path: "/orders" }]
const source: CopySpecInput["source"] = { persistentVolumeClaims: [{ name: "data-orders-0" }] }
const snapshots: CopySpecInput["source"] = { volumeSnapshots: [{ name: "nightly" }] }
const session = { name: "orders" }
const base = { session, paths, destination }
const path = (path: unknown) => ({ ...base, paths: [{ volume: "data", path }] })
const into = (more: object) => ({ ...base, destination: { ...destination, ...more } })
const runAs = (securityContext: unknown) => into({ securityContext })

export const copyExamples: SpecExample[] = [
  { name: "from a session", spec: base },
  { name: "from a session, which is closed", spec: { ...base, session: { name: "orders", close: true } } },
  { name: "from a claim", spec: { source, paths, destination } },
  {
    name: "from a claim, with all a session takes",
    spec: {
      source,
      recoveryPoint: { notAfter: "2026-11-22T03:00:00Z" },
      unlock: [{ secretRef: { name: "luks", key: "key" } }],
      journal: "Skip",
      paths,
      destination,
    },
  },
  { name: "from a snapshot", spec: { source: snapshots, paths, destination } },
  { name: "a whole volume", spec: path("/") },
  { name: "a name of any bytes", spec: path("/var/\\xff\\x0a/a\\\\b/ü *.db") },
  { name: "a name with dots", spec: path("/..a/b../...") },
  {
    name: "64 paths",
    spec: { ...base, paths: Array.from({ length: 64 }, (_, at) => ({ volume: "a", path: `/${at}` })) },
  },
  { name: "a directory", spec: into({ directory: "/restored/2026" }) },
  { name: "another user", spec: runAs({ runAsUser: 999 }) },
  { name: "user, group and fsGroup", spec: runAs({ runAsUser: 999, runAsGroup: 998, fsGroup: 997 }) },
  { name: "overwriting", spec: { ...base, conflict: "Overwrite" } },
  { name: "keeping owners", spec: { ...base, preserve: ["Owner"] } },
  { name: "keeping attributes, of another user", spec: { ...runAs({ runAsUser: 999 }), preserve: ["Attributes"] } },
  { name: "keeping all there is", spec: { ...base, preserve: ["Owner", "Attributes"] } },
  { name: "deleted as soon as finished", spec: { ...base, ttlAfterFinished: "0s" } },

  { name: "no source", spec: { paths, destination }, refused: "exactly one of session and source" },
  { name: "both sources", spec: { ...base, source }, refused: "exactly one of session and source" },
  { name: "a recovery point of a session", spec: { ...base, recoveryPoint: {} }, refused: "made of source" },
  { name: "a journal of a session", spec: { ...base, journal: "Skip" }, refused: "made of source" },
  {
    name: "a choice among chosen snapshots",
    spec: { source: snapshots, recoveryPoint: { name: "nightly" }, paths, destination },
    refused: "chosen already",
  },
  { name: "no path", spec: { ...base, paths: [] }, refused: true },
  { name: "65 paths", spec: { ...base, paths: Array.from({ length: 65 }, () => paths[0]) }, refused: true },
  { name: "a path of no volume", spec: { ...base, paths: [{ path: "/a" }] }, refused: true },
  { name: "a volume with a slash", spec: { ...base, paths: [{ volume: "a/b", path: "/" }] }, refused: true },
  { name: "a relative path", spec: path("orders"), refused: true },
  { name: "an empty path", spec: path(""), refused: true },
  { name: "a path upwards", spec: path("/a/../b"), refused: '".."' },
  { name: "a path that ends upwards", spec: path("/a/.."), refused: '".."' },
  { name: "half an escape", spec: path("/a\\x4"), refused: true },
  { name: "a stray backslash", spec: path("/a\\nb"), refused: true },
  { name: "a path of 4097", spec: path(`/${"a".repeat(4096)}`), refused: true },
  { name: "no destination", spec: { session, paths }, refused: true },
  { name: "no claim", spec: { session, paths, destination: {} }, refused: true },
  {
    name: "a claim of a session",
    spec: into({ persistentVolumeClaim: { name: "frsess-orders-12345678-d0" } }),
    refused: "of sessions themselves",
  },
  { name: "a directory upwards", spec: into({ directory: "/../etc" }), refused: '".."' },
  { name: "a relative directory", spec: into({ directory: "restored" }), refused: true },
  { name: "as root", spec: runAs({ runAsUser: 0 }), refused: true },
  { name: "as the group of root", spec: runAs({ runAsUser: 1, runAsGroup: 0 }), refused: true },
  { name: "as nobody in particular", spec: runAs({}), refused: true },
  {
    name: "keeping owners and naming one",
    spec: { ...runAs({ runAsUser: 999 }), preserve: ["Owner"] },
    refused: "no other can be named",
  },
  { name: "keeping nothing in particular", spec: { ...base, preserve: [] }, refused: true },
  { name: "keeping owners twice", spec: { ...base, preserve: ["Owner", "Owner"] }, refused: true },
  { name: "keeping what can't be", spec: { ...base, preserve: ["ACL"] }, refused: true },
  { name: "an unknown conflict", spec: { ...base, conflict: "Merge" }, refused: true },
  { name: "ttlAfterFinished in days", spec: { ...base, ttlAfterFinished: "7d" }, refused: true },
]

/** Changes of a spec: for the CEL rules alone. */
export const copyChanges: { name: string; from: CopySpecInput; to: CopySpecInput; refused?: string }[] = [
  { name: "a ttlAfterFinished added", from: base, to: { ...base, ttlAfterFinished: "1h" } },
  { name: "another session", from: base, to: { ...base, session: { name: "b" } }, refused: "session can't change" },
  {
    name: "closing from now on",
    from: base,
    to: { ...base, session: { ...session, close: true } },
    refused: "session can't change",
  },
  { name: "a source instead", from: base, to: { source, paths, destination }, refused: "can't change" },
  {
    name: "more paths",
    from: base,
    to: { ...base, paths: [...paths, { volume: "a", path: "/" }] },
    refused: "paths can't change",
  },
  {
    name: "another directory",
    from: base,
    to: { ...base, destination: { ...destination, directory: "/b" } },
    refused: "destination can't change",
  },
  { name: "owners after all", from: base, to: { ...base, preserve: ["Owner"] }, refused: "preserve can't change" },
  { name: "another policy", from: base, to: { ...base, conflict: "Skip" }, refused: "conflict can't change" },
]
