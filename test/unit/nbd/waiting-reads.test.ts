import { expect, test } from "vitest"
import { WaitingReads } from "../../../src/nbd/waiting-reads.ts"

test("it knows how long the oldest read that has no answer waits, also when one fails", async () => {
  const waiting = new WaitingReads()
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const answers = [first.promise, second.promise]
  const close = async () => undefined
  const disk = waiting.of({ sizeBytes: 1024, blockSize: 512, close, read: async () => answers.shift() })
  expect(waiting.oldestMs).toBe(0)
  const failing = disk.read(Buffer.alloc(1), 0)
  await expect.poll(() => waiting.oldestMs).toBeGreaterThan(20)
  const before = waiting.oldestMs
  const later = disk.read(Buffer.alloc(1), 0)
  expect(waiting.oldestMs).toBeGreaterThanOrEqual(before)
  first.reject(new Error("EIO"))
  await expect(failing).rejects.toThrow("EIO")
  expect(waiting.oldestMs).toBeLessThan(before)
  second.resolve()
  await later
  expect(waiting.oldestMs).toBe(0)
})
