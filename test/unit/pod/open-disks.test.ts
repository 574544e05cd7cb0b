import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { rename } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { openDisks } from "../../../src/pod/open-disks.ts"

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), "disks-"))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  return dir
}

const open = (path: string, timeoutMs: number, signal = new AbortController().signal) => {
  const stack = new AsyncDisposableStack()
  onTestFinished(() => stack.disposeAsync())
  return openDisks([{ name: "data-0", serial: "a-0", path }], timeoutMs, stack, signal)
}

test("a device that appears late is waited for", async () => {
  const dir = directory()
  const opening = open(join(dir, "disk"), 5000)
  writeFileSync(join(dir, "new"), Buffer.alloc(1024))
  await rename(join(dir, "new"), join(dir, "disk"))
  expect((await opening)[0]?.device.sizeBytes).toBe(1024)
})

test.each([
  ["that never appears", () => undefined, "DiskUnreadable", /Disk data-0: the device .* did not appear/],
  ["that is empty", (path: string) => writeFileSync(path, ""), "DiskUnreadable", /Disk data-0: /],
])("a device %s is named", async (_, make, code, message) => {
  const path = join(directory(), "disk")
  make(path)
  await expect(open(path, 0)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
})

test("waiting ends with the signal", async () => {
  const stop = new AbortController()
  const opening = open(join(directory(), "disk"), 60_000, stop.signal)
  stop.abort()
  await expect(opening).rejects.toThrow(/abort/)
})
