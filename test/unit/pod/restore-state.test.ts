import { expect, test } from "vitest"
import { restoreStatusSchema } from "../../../src/control/schemas.ts"
import type { Volume } from "../../../src/guest/catalogue.ts"
import type { Guest } from "../../../src/guest/guest.ts"
import { Lifetime } from "../../../src/pod/lifetime.ts"
import { RestoreState } from "../../../src/pod/restore-state.ts"

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
  const later = new Date(Date.now() + 60_000)
  const log = { info: () => undefined, error: () => undefined }
  const life = new Lifetime({ deadline: later, hardEnd: later, release: () => Promise.resolve(), log })
  const status = state.status("00000000-0000-4000-8000-000000000001", life)
  life.end("test")
  await life.ended
  expect(restoreStatusSchema.safeParse(status).success).toBe(true)
  expect(status.volumes.length).toBeGreaterThan(100)
  expect(Buffer.byteLength(JSON.stringify(status))).toBeLessThan(believed)
})
