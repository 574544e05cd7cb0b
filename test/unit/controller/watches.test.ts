import { expect, test } from "vitest"
import { orphanKey, readKey, type SessionIndex, suspects, watches } from "../../../src/controller/watches.ts"
import { namesOf } from "../../../src/children/names.ts"
import { ObjectStore } from "../../../src/kube/store.ts"

const store = new ObjectStore<never>()
for (const [name, namespace, phase, deletionTimestamp] of [
  ["new", "shop", undefined],
  ["pending", "shop", "Pending"],
  ["ready", "shop", "Ready"],
  ["ending", "shop", "Unmounting"],
  ["deleted", "shop", "Ready", "2026-11-22T03:00:00Z"],
  ["elsewhere", "other", "Pending"],
])
  store.set({ metadata: { name, namespace, uid: `uid-${name}`, deletionTimestamp }, status: { phase } } as never)
// waits for a place, and for nothing else
store.set({
  metadata: { name: "queued", namespace: "shop", uid: "uid-queued" },
  status: { phase: "Pending", conditions: [{ type: "Accepted", status: "False", reason: "Queued" }] },
} as never)
const copies = new ObjectStore<never>()
for (const [name, session, phase] of [
  ["mine", "ready", "Copying"],
  ["over", "ready", "Complete"],
  ["other", "pending", "Pending"],
])
  copies.set({
    metadata: { name, namespace: "shop", uid: `uid-${name}` },
    spec: { session: { name: session } },
    status: { phase },
  } as never)
const index: SessionIndex = { store, copies, byUid: (uid) => (uid === "uid-ready" ? "shop/ready" : undefined) }

const labels = (uid: string, session: string) => ({
  "filerecovery.dev/session-uid": uid,
  "filerecovery.dev/session": session,
})
const cloneOf = (name: string) => namesOf({ namespace: "shop", name, uid: `uid-${name}` }).claim(0)
const claimed = (name: string) => ({ metadata: { name: "pv" }, spec: { claimRef: { namespace: "shop", name } } })

test.each([
  ["a session: itself", "filerecoverysessions", { metadata: { name: "new", namespace: "shop" } }, ["shop/new"]],
  [
    "a session that is copied from: itself and the copies that aren't over",
    "filerecoverysessions",
    { metadata: { name: "ready", namespace: "shop" } },
    ["shop/ready", "copy:shop/mine"],
  ],
  ["a copy: itself", "filerecoverycopies", { metadata: { name: "mine", namespace: "shop" } }, ["copy:shop/mine"]],
  [
    "a copy's pod: session and copy, by UID",
    "pods",
    {
      metadata: {
        name: "p",
        namespace: "shop",
        labels: {
          ...labels("uid-ready", "rea"),
          "filerecovery.dev/copy": "mi",
          "filerecovery.dev/copy-uid": "uid-mine",
        },
      },
    },
    ["shop/ready", "copy:shop/mine"],
  ],
  [
    "a child: by UID, the label may be cut",
    "pods",
    { metadata: { name: "p", namespace: "shop", labels: labels("uid-ready", "rea") } },
    ["shop/ready"],
  ],
  [
    "a child whose session no watch knows: what is left of it",
    "services",
    { metadata: { name: "p", namespace: "shop", labels: labels("gone", "old") } },
    ["shop/old/gone"],
  ],
  ["an object without labels: nobody", "networkpolicies", { metadata: { name: "p", namespace: "shop" } }, []],
  [
    "a snapshot: who waits in its namespace",
    "volumesnapshots",
    { metadata: { name: "s", namespace: "shop" } },
    ["shop/new", "shop/pending"],
  ],
  [
    "a content: who waits where its snapshot is",
    "volumesnapshotcontents",
    { metadata: { name: "c" }, spec: { volumeSnapshotRef: { namespace: "other" } } },
    ["other/elsewhere"],
  ],
  [
    "a temporary snapshot: whose it is",
    "volumesnapshots",
    { metadata: { name: "s", namespace: "shop", labels: labels("uid-ready", "rea") } },
    ["shop/ready"],
  ],
  [
    "a temporary content: whose it is",
    "volumesnapshotcontents",
    { metadata: { name: "c", labels: labels("uid-ready", "rea") }, spec: { volumeSnapshotRef: { namespace: "shop" } } },
    ["shop/ready"],
  ],
  [
    "a temporary content whose session no watch knows: what is left of it, by the namespace of its snapshot",
    "volumesnapshotcontents",
    { metadata: { name: "c", labels: labels("gone", "old") }, spec: { volumeSnapshotRef: { namespace: "shop" } } },
    ["shop/old/gone"],
  ],
  [
    "a class: all who wait",
    "storageclasses",
    { metadata: { name: "fast" } },
    ["shop/new", "shop/pending", "other/elsewhere"],
  ],
  [
    "the volume of a clone: whose it is, if that ends",
    "persistentvolumes",
    claimed(cloneOf("ending")),
    ["shop/ending"],
  ],
  ["the same when that is deleted", "persistentvolumes", claimed(cloneOf("deleted")), ["shop/deleted"]],
  ["the same when that doesn't end: nobody", "persistentvolumes", claimed(cloneOf("ready")), []],
  ["another volume: nobody", "persistentvolumes", claimed("data"), []],
])("a change of %s", (_, plural, object, sessions) => {
  const watched = watches.find(({ kind }) => kind.plural === plural)
  const kept = watched?.keep?.(object) ?? object
  expect(watched?.sessions(kept, index)).toEqual(sessions)
})

test("of what others made nothing is kept but what says whom it concerns", () => {
  const secretive = {
    metadata: {
      name: "a",
      namespace: "n",
      uid: "u",
      resourceVersion: "1",
      annotations: { a: "secret" },
      labels: { a: "secret" },
    },
    spec: { a: "secret" },
    status: { a: "secret" },
  }
  for (const { keep, onlyOurs } of watches.filter(
    ({ kind }) => kind.kind !== "FileRecoverySession" && kind.kind !== "FileRecoveryCopy",
  ))
    expect(onlyOurs || !JSON.stringify(keep?.(secretive)).includes("secret")).toBe(true)
})

test("suspects: what is left of sessions that no watch knows, each once, of this installation only", () => {
  const object = (uid: string, instance: string, namespace: string | undefined = "shop") => ({
    metadata: { name: "x", namespace, labels: { ...labels(uid, "old"), "filerecovery.dev/instance": instance } },
    spec: { volumeSnapshotRef: { namespace: "shop" } },
  })
  const mirrored: Record<string, object[]> = {
    filerecoverysessions: [object("gone", "test")],
    pods: [object("uid-ready", "test"), object("gone", "test"), object("gone", "another"), { metadata: { name: "y" } }],
    services: [object("gone", "test")],
    volumesnapshotcontents: [object("long-gone", "test", undefined)],
  }
  const found = suspects("test", index, ({ plural }) => mirrored[plural] ?? [])
  expect(found).toEqual(["shop/old/gone", "shop/old/long-gone"])
})

test("a key says whether it means a session or what is left of one", () => {
  expect(readKey("shop/orders")).toEqual({ namespace: "shop", name: "orders" })
  const left = { namespace: "shop", name: "orders", uid: "1" }
  expect(readKey(orphanKey(left))).toEqual(left)
})
