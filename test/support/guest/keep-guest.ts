import pino from "pino"
import { prepareAppliance } from "../../../src/guest/appliance.ts"
import { startGuest } from "../../../src/guest/start.ts"

/** A process that starts a guest, says QEMU's process id, and waits to be killed. */
const log = pino()
let pid = 0
const guest = await startGuest({
  ...(await prepareAppliance()),
  disks: [],
  log,
  signal: new AbortController().signal,
  started: (started) => (pid = started),
})
log.info({ qemu: pid }, "guest ready")
await guest.closed
