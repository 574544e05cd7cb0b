import { randomFillSync } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { serveNbd } from "../../src/nbd/server.ts"
import { openFile } from "../../src/target/backends/file.ts"
import { connectLabInitiator, sha256, silent, startLabTarget } from "../support/iscsi-lab.ts"
import { run } from "../support/run.ts"

const bytes = 256 * 1024 * 1024

test("256 MiB come unchanged through target, initiator and NBD into QEMU's hands, with few bytes read twice", async () => {
  const directory = mkdtempSync(join(tmpdir(), "data-path-"))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const image = join(directory, "disk.raw")
  const content = randomFillSync(Buffer.allocUnsafe(bytes))
  writeFileSync(image, content)
  const device = await openFile(image)
  const target = await startLabTarget([{ name: "data-orders-0", serial: "disk-1", device }])
  const initiator = await connectLabInitiator(target.port)
  expect(initiator.disks.map(({ name, serial }) => [name, serial])).toEqual([["data-orders-0", "disk-1"]])

  const path = join(directory, "disks.sock")
  const nbd = await serveNbd({
    path,
    exports: new Map(initiator.disks.map((disk) => [disk.serial, disk.device])),
    log: silent,
  })
  const copy = join(directory, "copy.raw")
  const started = performance.now()
  await run("qemu-img", [
    "convert",
    "-f",
    "raw",
    "-O",
    "raw",
    "-m",
    "8",
    "-W",
    `nbd+unix:///disk-1?socket=${path}`,
    copy,
  ])
  const seconds = (performance.now() - started) / 1000
  console.info(`256 MiB in ${seconds.toFixed(2)} s: ${Math.round(bytes / 1e6 / seconds)} MB/s`)
  const { stdout } = await run("sha256sum", [copy])
  expect(stdout.split(" ")[0]).toBe(sha256(content))

  await nbd.close()
  await initiator.logout()
  const { bytesServed, sessions, writeAttempts } = target.counters()
  expect({ sessions, writeAttempts }).toEqual({ sessions: { now: 0, total: 1 }, writeAttempts: 0 })
  expect(bytesServed).toBeGreaterThanOrEqual(bytes)
  expect(bytesServed).toBeLessThan(bytes * 1.1)
  await target.close()
  await device.close()
})
