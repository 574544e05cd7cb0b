import { expect, test } from "vitest"
import { FileMap } from "../../../../src/guest/past/file-map.ts"
import { Layout } from "../../../../src/guest/past/layout.ts"
import { readMapped } from "../../../../src/guest/past/read-map.ts"

const MiB = 1 << 20
const size = 40 * MiB
const layout = new Layout(
  "8:0",
  new Map([["8:0", { kind: "disk", sizeBytes: size, index: 0 } as const]]),
  new Map([[0, size]]),
)
/** The first half of the disk, a hole of 3 MiB, the second half. */
const map = new FileMap(
  [
    { at: 0, length: 20 * MiB, place: 0 },
    { at: 20 * MiB, length: 3 * MiB },
    { at: 23 * MiB, length: 20 * MiB, place: 20 * MiB },
  ],
  layout,
)
const range = { start: 1234, end: 43 * MiB - 77 }

/** A disk whose bytes say where they lie; each read is answered when `answer` says so. */
function slowDisk() {
  const waiting: (() => void)[] = []
  const device = {
    read: (into: Buffer, offset: number) =>
      new Promise<void>((resolve, reject) => {
        waiting.push(() => {
          if (offset >= 30 * MiB) return reject(new Error("lost"))
          fill(into, offset)
          resolve()
        })
      }),
  }
  return { diskOf: () => device, waiting }
}
/** Each 4 KiB of the disk hold one number. */
function fill(into: Buffer, offset: number): void {
  for (let at = 0; at < into.length;) {
    const next = Math.min(into.length, at + 4096 - ((offset + at) % 4096))
    into.fill(numberAt(offset + at), at, next)
    at = next
  }
}
const numberAt = (offset: number) => Math.floor(offset / 4096) % 251

test("bytes come in order, whatever is asked for", async () => {
  const diskOf = () => ({ read: async (into: Buffer, offset: number) => fill(into, offset) })
  let over = 0
  const whole = Buffer.concat(await Array.fromAsync(readMapped(map, diskOf, { start: 0, end: map.end }, () => over++)))
  const parts = Buffer.concat(
    await Array.fromAsync(readMapped(map, diskOf, { start: 4096, end: map.end - 77 }, () => over++)),
  )
  expect(whole.length).toBe(43 * MiB)
  expect(whole.subarray(20 * MiB, 23 * MiB).every((byte) => byte === 0)).toBe(true)
  expect(whole[24 * MiB]).toBe(numberAt(21 * MiB))
  expect(parts.equals(whole.subarray(4096, whole.length - 77))).toBe(true)
  await expect.poll(() => over).toBe(2)
})

test("what is lent is the same few buffers again and again, with the bytes in order", async () => {
  const diskOf = () => ({ read: async (into: Buffer, offset: number) => fill(into, offset) })
  const whole = Buffer.concat(await Array.fromAsync(readMapped(map, diskOf, range, () => undefined)))
  const buffers = new Set<ArrayBufferLike>()
  const copies: Buffer[] = []
  for await (const chunk of readMapped(map, diskOf, { ...range, lent: true }, () => undefined)) {
    buffers.add(chunk.buffer)
    copies.push(Buffer.from(chunk))
  }
  expect(Buffer.concat(copies).equals(whole)).toBe(true)
  expect(buffers.size).toBeLessThanOrEqual(5)
})

test("no more is read than is taken: 4 MiB, and what was taken", async () => {
  const { diskOf, waiting } = slowDisk()
  const bytes = readMapped(map, diskOf, range, () => undefined)
  const first = bytes.next()
  await expect.poll(() => waiting.length).toBe(4)
  for (const answer of waiting.splice(0)) answer()
  expect((await first).value?.length).toBe(MiB - 1234)
  void bytes.next()
  await expect.poll(() => waiting.length).toBe(1)
})

test("whoever leaves need not wait for a disk that is away; the place is given back when nothing is read any more", async () => {
  const { diskOf, waiting } = slowDisk()
  const gone = new AbortController()
  let over = false
  const bytes = readMapped(map, diskOf, { ...range, signal: gone.signal }, () => (over = true))
  const first = bytes.next()
  await expect.poll(() => waiting.length).toBe(4)
  gone.abort(new Error("the client went away"))
  await expect(first).rejects.toThrow("the client went away")
  expect(over).toBe(false)
  for (const answer of waiting) answer()
  await expect.poll(() => over).toBe(true)
})

test("a disk that is lost for good breaks the stream where it is, not before", async () => {
  const { diskOf, waiting } = slowDisk()
  let length = 0
  const all = (async () => {
    for await (const chunk of readMapped(map, diskOf, { start: 0, end: map.end }, () => undefined))
      length += chunk.length
  })()
  all.catch(() => undefined)
  const answering = setInterval(() => {
    for (const answer of waiting.splice(0)) answer()
  }, 1)
  await expect(all).rejects.toThrow("lost")
  clearInterval(answering)
  expect(length).toBe(33 * MiB)
})
