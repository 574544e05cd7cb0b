import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { GuestClock } from "../../src/guest/cpu/guest-clock.ts"
import { awaitQmp, type QmpLimit } from "../../src/guest/qmp.ts"
import { silent } from "../support/iscsi-lab.ts"

/** QEMU's control socket as it is found: of a QEMU that is ending, and of the one that comes after it. */
let dir: string
let path: string
let limit: QmpLimit
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "frs-qmp-"))
  path = join(dir, "qmp")
  limit = { clock: GuestClock.of(dir, { log: silent }), commandMs: 1000 }
})
afterEach(() => rmSync(dir, { recursive: true }))

/** A socket that does one thing with its first connection, its second and so on. */
async function listen(...answers: ((socket: Socket) => void)[]): Promise<AsyncDisposable> {
  const server = createServer((socket) => answers.shift()?.(socket.on("error", () => undefined)))
  server.listen(path)
  await once(server, "listening")
  return { [Symbol.asyncDispose]: async () => void (await new Promise((resolve) => server.close(resolve))) }
}
const drops = (socket: Socket) => void socket.destroy()
const says = (message: object) => (socket: Socket) => void socket.end(`${JSON.stringify(message)}\r\n`)

test("a connection that is dropped before the greeting is of a QEMU that ends: the next one is waited for", async () => {
  await using _ = await listen(drops, drops, says({ QMP: { version: {} } }))
  const qmp = await awaitQmp(path, limit, AbortSignal.timeout(10_000))
  expect(await qmp.greeted).toBe(true)
  await qmp.closed
})

test("one that only speaks of something else has not greeted", async () => {
  await using _ = await listen(says({ event: "SHUTDOWN" }), says({ QMP: {} }))
  const qmp = await awaitQmp(path, limit, AbortSignal.timeout(10_000))
  expect(await qmp.greeted).toBe(true)
  await qmp.closed
})

test("one that never greets is given up with the caller's reason, and its connection closed", async () => {
  const taken = Promise.withResolvers<Socket>()
  await using _ = await listen((socket) => taken.resolve(socket.resume()))
  const stop = new AbortController()
  const waiting = awaitQmp(path, limit, stop.signal)
  const dropped = once(await taken.promise, "close")
  stop.abort(new Error("changed my mind"))
  await expect(waiting).rejects.toThrow("changed my mind")
  await dropped
})
