import * as fc from "fast-check"
import { expect, test } from "vitest"
import { collect, type Orphan, type Remains } from "../../../src/session/orphans.ts"

const one = (kind: Orphan["kind"], changes: Partial<Orphan> = {}): Orphan => ({
  kind,
  name: `frsess-x-${kind}`,
  uid: `uid-${kind}`,
  resourceVersion: "7",
  deleting: false,
  ...(kind === "VolumeSnapshotContent" && { retained: true }),
  ...changes,
})
const of = (...orphans: Orphan[]): Remains => ({ orphans, volumes: [] })
const pod = one("Pod")
const claim = one("PersistentVolumeClaim")
const snapshot = one("VolumeSnapshot")
const content = one("VolumeSnapshotContent")
const attachment = one("FileRecoveryAttachment")
const network = [one("Service"), one("NetworkPolicy")]
const all = [...network, attachment, content, snapshot, claim, pod]
const without = (...kinds: Orphan["kind"][]) => of(...all.filter(({ kind }) => !kinds.includes(kind)))
const dangerous = one("VolumeSnapshotContent", { retained: false })

function does(remains: Remains): string {
  const { remove, waits, problem } = collect(remains)
  return problem ?? (remove.map(({ kind }) => kind).join(", ") || (waits ? "waits" : "nothing"))
}

test.each<[string, Remains, string]>([
  ["everything is left", of(...all), "Pod"],
  ["a pod is ending", of(...all.filter((o) => o !== pod), one("Pod", { deleting: true })), "waits"],
  ["one pod of two is ending", of(pod, one("Pod", { deleting: true })), "Pod"],
  ["the pods are gone", without("Pod"), "PersistentVolumeClaim"],
  ["a volume is being deleted", { ...without("Pod", "PersistentVolumeClaim"), volumes: ["pvc-1"] }, "waits"],
  ["the clones are gone", without("Pod", "PersistentVolumeClaim"), "VolumeSnapshot"],
  ["a content is left, and what it is for", of(content, attachment, ...network), "VolumeSnapshotContent"],
  ["no volume mode was converted, the pods are gone", of(claim, attachment), "PersistentVolumeClaim"],
  ["an attachment is left", of(attachment, ...network), "FileRecoveryAttachment"],
  ["the attachment is going", of(one("FileRecoveryAttachment", { deleting: true }), ...network), "waits"],
  ["somebody took their owner from Services and policies", of(...network), "Service, NetworkPolicy"],
  ["nothing is left", of(), "nothing"],
  ["a content erases, but somebody could still read", of(dangerous, snapshot, attachment, pod), "Pod"],
  [
    "a content erases",
    of(dangerous, snapshot, attachment, ...network),
    "VolumeSnapshotContent frsess-x-VolumeSnapshotContent does not have deletionPolicy Retain: its removal would erase the snapshot it shares. Set it to Retain.",
  ],
])("%s: %s", (_, remains, expected) => expect(does(remains)).toBe(expected))

test("only the object that was read is removed, a content only as it was read", () => {
  expect(collect(of(pod)).remove).toEqual([{ kind: "Pod", name: "frsess-x-Pod", uid: "uid-Pod" }])
  expect(collect(of(content)).remove).toMatchObject([{ uid: "uid-VolumeSnapshotContent", resourceVersion: "7" }])
})

test("whatever is left, it goes; what would take a user's snapshot along stays", () => {
  const anyOrphan = fc
    .constantFrom(...all, dangerous)
    .chain((orphan) =>
      fc.record({ deleting: fc.boolean(), uid: fc.uuid() }).map((changes) => ({ ...orphan, ...changes })),
    )
  fc.assert(
    fc.property(fc.array(anyOrphan), fc.boolean(), (orphans, hasVolume) => {
      let remains: Remains = { orphans, volumes: hasVolume ? ["pvc-1"] : [] }
      for (let step = 0; collect(remains).waits; step++) {
        expect(step).toBeLessThan(20)
        const { remove } = collect(remains)
        const erases = remains.orphans.some(({ retained }) => retained === false)
        const taken = remove.filter(({ kind }) => erases && /Snapshot|Attachment/.test(kind))
        expect(taken).toEqual([])
        const gone = new Set(remove.map(({ uid }) => uid))
        // the world removes what it was told to, and by and by what was going already
        const left = remains.orphans.filter(({ uid, deleting }) => !gone.has(uid) && !(remove.length === 0 && deleting))
        remains = {
          orphans: left,
          volumes: left.some(({ kind }) => kind === "PersistentVolumeClaim") ? remains.volumes : [],
        }
      }
      expect(remains.orphans.length > 0).toBe(collect(remains).problem !== undefined)
    }),
  )
})
