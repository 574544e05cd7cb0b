import { expect, test } from "vitest"
import { sessionStatus } from "../../../src/api/status.ts"
import { byOurClock, volumeStatus } from "../../../src/controller/gather-control.ts"

const now = new Date("2026-11-22T10:00:00.000Z")

test.each([
  ["agrees", "2026-11-22T10:00:00.000Z", "2026-11-22T10:30:00.000Z"],
  ["is behind by the way of the answer", "2026-11-22T09:59:58.000Z", "2026-11-22T10:30:00.000Z"],
  ["is five minutes ahead", "2026-11-22T10:05:00.000Z", "2026-11-22T10:25:00.000Z"],
  ["is five minutes ahead, seen a moment later", "2026-11-22T10:04:59.200Z", "2026-11-22T10:25:00.000Z"],
  ["is five minutes behind", "2026-11-22T09:55:00.000Z", "2026-11-22T10:35:00.000Z"],
])("a pod's half past ten when its clock %s", (_, podNow, ours) =>
  expect(byOurClock("2026-11-22T10:30:00.000Z", podNow, now)).toBe(ours),
)

test("all that the status has a field for is taken over of a volume, and nothing else", () => {
  const known = {
    path: "data",
    point: 1,
    filesystem: "ext4",
    label: "DATA",
    uuid: "u",
    sizeBytes: 1,
    usedBytes: 1,
    system: { os: "Debian GNU/Linux", version: "12", hostName: "shop" },
    mountPoint: "/srv",
    stack: ["disk data"],
    state: "Mounted",
    journal: "Skipped",
    reason: "VolumeLocked",
    message: "why",
  } as const
  const fields = Object.keys(sessionStatus.shape.volumes.unwrap().element.shape)
  expect(fields.toSorted()).toEqual(Object.keys(known).toSorted())
  expect(volumeStatus({ ...known, stack: ["disk data"], device: "sda", kind: "filesystem" })).toEqual(known)
})
