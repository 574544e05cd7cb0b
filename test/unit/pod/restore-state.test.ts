import { expect, test } from "vitest"
import { restoreStatusSchema } from "../../../src/control/schemas.ts"
import type { Volume } from "../../../src/guest/catalogue.ts"
import type { Guest } from "../../../src/guest/guest.ts"
import { Lifetime } from "../../../src/pod/lifetime.ts"
import { RestoreState } from "../../../src/pod/restore-state.ts"

const uid = "00000000-0000-4000-8000-000000000001"

function lifetime(): AsyncDisposable & { life: Lifetime } {
  const later = new Date(Date.now() + 60_000)
  const log = { info: () => undefined, error: () => undefined }
  const life = new Lifetime({ deadline: later, hardEnd: later, release: () => Promise.resolve(), log })
  const end = async () => {
    life.end("test")
    await life.ended
  }
  return { life, [Symbol.asyncDispose]: end }
}

/** As much as the operator's client takes (control/client.ts), in bytes. */
const believed = 4 * 1024 * 1024

test("a disk with thousands of volumes and long names doesn't make the pod's status too long to be believed", async () => {
  const volume: Volume = {
    path: "vg0-data",
    device: "dm-0",
    kind: "filesystem",
    label: "\u{1f600}".repeat(128),
    sizeBytes: 1,
    stack: Array.from({ length: 64 }, () => "x".repeat(256)),
    state: "Mounted",
  }
  const guest = { catalogue: () => ({ disks: [], volumes: Array.from({ length: 4096 }, () => volume) }) }
  const state = new RestoreState()
  state.guests[0]?.came(guest as unknown as Guest)
  await using used = lifetime()
  const status = state.status(uid, used.life)
  expect(restoreStatusSchema.safeParse(status).success).toBe(true)
  expect(status.volumes.length).toBeGreaterThan(100)
  expect(Buffer.byteLength(JSON.stringify(status))).toBeLessThan(believed)
})

test("a micro-VM that gets too little CPU is told of until it is there", async () => {
  const state = new RestoreState(["2026-11-26T03:00:00Z", "2026-11-26T04:00:00Z"])
  const [, second] = state.guests
  await using used = lifetime()
  const shortOfCpu = () => restoreStatusSchema.parse(state.status(uid, used.life)).shortOfCpu
  expect(shortOfCpu()).toBeUndefined()
  if (second) second.shortOfCpu = true
  expect(shortOfCpu()).toBe(true)
  second?.came({ catalogue: () => ({ disks: [], volumes: [] }) } as unknown as Guest)
  expect(shortOfCpu()).toBeUndefined()
})
