import { expect, test } from "vitest"
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

test("of a volume all that the status has a field for is told, and nothing else", () => {
  const system = { os: "Debian GNU/Linux", hostName: "web-1" }
  const told = { path: "a", state: "Mounted", sizeBytes: 9, stack: ["disk a"], system, mountPoint: "/srv" } as const
  const view = { ...told, stack: ["disk a"], device: "sda", kind: "filesystem" }
  expect(volumeStatus(view)).toEqual(told)
})
