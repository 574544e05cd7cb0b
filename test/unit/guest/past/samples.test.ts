import { expect, test } from "vitest"
import { FileMap } from "../../../../src/guest/past/file-map.ts"
import { Layout } from "../../../../src/guest/past/layout.ts"
import { sameBytes } from "../../../../src/guest/past/same-bytes.ts"
import { chooseSamples } from "../../../../src/guest/past/samples.ts"

const MiB = 1 << 20
const layout = new Layout(
  "8:0",
  new Map([["8:0", { kind: "disk", sizeBytes: 64 * MiB, index: 0 } as const]]),
  new Map([[0, 64 * MiB]]),
)
const map = new FileMap(
  [
    { at: MiB, length: 4 * MiB, place: 8 * MiB },
    { at: 5 * MiB, length: 4 * MiB },
    { at: 9 * MiB, length: 4 * MiB - 100, place: 0 },
  ],
  layout,
)
const disk = Buffer.alloc(64 * MiB, "what a disk holds, ")
const diskOf = () => ({
  read: async (into: Buffer, offset: number) => void disk.copy(into, 0, offset, offset + into.length),
})
const file = Buffer.alloc(14 * MiB)
disk.copy(file, MiB, 8 * MiB, 12 * MiB)
disk.copy(file, 9 * MiB, 0, 4 * MiB)

test("what is compared lies within what is asked for: its begin, its end, begins of extents, and more", () => {
  const samples = chooseSamples(map)
  expect(samples).toHaveLength(16)
  for (const { start, end } of samples) {
    expect(start).toBeGreaterThanOrEqual(map.start)
    expect(end).toBeLessThanOrEqual(map.end)
    expect(end - start).toBe(4096)
  }
  const starts = samples.map(({ start }) => start)
  expect(starts.slice(0, 2)).toEqual([MiB, 13 * MiB - 100 - 4096])
  expect(starts.filter((start) => start === MiB || start === 9 * MiB).length).toBeGreaterThanOrEqual(7)
})

test("a file smaller than a sample is compared as a whole", () => {
  const small = new FileMap([{ at: 0, length: 10, place: 512 }], layout)
  expect(new Set(chooseSamples(small).map(({ start, end }) => `${start} ${end}`))).toEqual(new Set(["0 10"]))
})

test("a file without any extent, too", () => {
  const holes = new FileMap([{ at: 0, length: MiB }], layout)
  expect(chooseSamples(holes)).toHaveLength(16)
})

async function* through({ start, end }: { start: number; end: number }) {
  yield file.subarray(start, end)
}

test("equal bytes are the same; those of another place, fewer, or none, are not", async () => {
  expect(await sameBytes(map, diskOf, through)).toBe(true)
  const moved = new FileMap([{ at: MiB, length: 12 * MiB - 100, place: 8 * MiB + 1 }], layout)
  expect(await sameBytes(moved, diskOf, through)).toBe(false)
  expect(
    await sameBytes(map, diskOf, async function* ({ start, end }) {
      yield file.subarray(start, end - 1)
    }),
  ).toBe(false)
  expect(await sameBytes(map, diskOf, async function* () {})).toBe(false)
})
