import { expect, test } from "vitest"
import { diskWithoutRoom } from "../../../src/guest/overlays.ts"
import type { QmpEvent } from "../../../src/guest/qmp.ts"

const failed = (data: object) => ({ event: "BLOCK_IO_ERROR", data: { operation: "write", ...data } })
const reason = "No space left on device"

test.each<[string, QmpEvent, number?]>([
  ["a write that found no room", failed({ "node-name": "overlay7", reason }), 7],
  ["a write that could not read what is below it", failed({ "node-name": "overlay7", reason: "Input/output error" })],
  ["a read", failed({ "node-name": "overlay7", reason, operation: "read" })],
  ["another node", failed({ "node-name": "source7", reason })],
  ["no node", failed({ reason })],
  ["no reason", failed({ "node-name": "overlay7" })],
  ["another event", { event: "SHUTDOWN", data: { operation: "write", "node-name": "overlay7", reason } }],
])("%s", (_, event, index) => expect(diskWithoutRoom(event)).toBe(index))
