import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import { FileMap, merged } from "../../../../src/guest/past/file-map.ts"
import { type Device, type DiskRange, Layout, type Segment } from "../../../../src/guest/past/layout.ts"
import { Unsuitable } from "../../../../src/guest/past/unsuitable.ts"

/** Layouts made at random, and a model of them: for each block of the top device, which block of which disk it is. */
const block = 4096
const diskBlocks = 64
interface Model {
  readonly layout: Layout
  readonly blocks: readonly (readonly [disk: number, block: number])[]
}

/** Cuts `count` blocks into segments, each on a random place of the disks below. */
const segmentPlan = fc.array(
  fc.record({
    striped: fc.boolean(),
    rows: fc.integer({ min: 1, max: 4 }),
    chunk: fc.constantFrom(1, 2, 4),
    stripes: fc.array(fc.record({ disk: fc.nat(2), at: fc.nat(diskBlocks - 16) }), { minLength: 1, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 5 },
)

function modelOf(plan: typeof segmentPlan extends fc.Arbitrary<infer T> ? T : never, partition: boolean): Model {
  const devices = new Map<string, Device>()
  const blocks: [number, number][] = []
  const segments: Segment[] = []
  for (const { striped, rows, chunk, stripes } of plan) {
    const start = blocks.length * block
    const places = stripes.map(({ disk, at }) => ({ device: `8:${disk}`, offset: at * block }))
    const [first] = stripes
    const [place] = places
    if (first === undefined || place === undefined) continue
    if (striped) {
      for (let row = 0; row < rows; row++)
        for (const { disk, at } of stripes)
          for (let index = 0; index < chunk; index++) blocks.push([disk, at + row * chunk + index])
      segments.push({
        kind: "striped",
        start,
        length: blocks.length * block - start,
        chunk: chunk * block,
        stripes: places,
      })
    } else {
      for (let index = 0; index < rows * chunk; index++) blocks.push([first.disk, first.at + index])
      segments.push({ kind: "linear", start, length: blocks.length * block - start, to: place })
    }
  }
  const sizeBytes = blocks.length * block
  devices.set("253:0", { kind: "mapped", sizeBytes, segments })
  for (const index of [0, 1, 2]) devices.set(`8:${index}`, { kind: "disk", index, sizeBytes: diskBlocks * block })
  const whole = { kind: "linear", start: 0, length: sizeBytes - block, to: { device: "253:0", offset: block } } as const
  const isPartition = partition && blocks.length > 1
  if (isPartition) devices.set("259:1", { kind: "mapped", sizeBytes: sizeBytes - block, segments: [whole] })
  const sizes = new Map([0, 1, 2].map((index) => [index, diskBlocks * block]))
  return {
    layout: new Layout(isPartition ? "259:1" : "253:0", devices, sizes),
    blocks: isPartition ? blocks.slice(1) : blocks,
  }
}
const models = fc.tuple(segmentPlan, fc.boolean()).map(([plan, partition]) => modelOf(plan, partition))

/** Each byte's place, of the ranges in their order; only every 512th byte is looked at. */
const step = 512
const bytesOf = (ranges: readonly (DiskRange | { length: number })[]) =>
  ranges.flatMap((range) =>
    Array.from({ length: range.length / step }, (_, index) =>
      "disk" in range ? `${range.disk}:${range.offset + index * step}` : "0",
    ),
  )
const expected = ({ blocks }: Model, from: number, to: number) =>
  Array.from({ length: (to - from) / step }, (_, index) => {
    const at = from + index * step
    const [disk, number] = blocks[Math.floor(at / block)] ?? [-1, -1]
    return `${disk}:${number * block + (at % block)}`
  })
const part = (model: Model, a: number, b: number): [number, number] => {
  const size = model.layout.sizeBytes / step
  const [from, to] = [a % size, b % (size + 1)]
  return [Math.min(from, to) * step, Math.max(from, to) * step]
}

describe("a device over others", () => {
  test("each byte is found where it lies", () => {
    fc.assert(
      fc.property(models, fc.nat(), fc.nat(), (model, a, b) => {
        const [from, to] = part(model, a, b)
        expect(bytesOf(model.layout.locate(from, to - from))).toEqual(expected(model, from, to))
      }),
    )
  })

  test("what covers some bytes holds all of them, and nothing beyond a disk", () => {
    fc.assert(
      fc.property(models, fc.nat(), fc.nat(), (model, a, b) => {
        const [from, to] = part(model, a, b)
        const cover = merged(model.layout.cover(from, to - from))
        const covered = new Set(bytesOf(cover))
        for (const byte of expected(model, from, to)) expect(covered).toContain(byte)
        for (const { offset, length } of cover) expect(offset + length).toBeLessThanOrEqual(diskBlocks * block)
      }),
    )
  })
})

test("a file on it is read from there, zeros where it has no place", () => {
  const extents = fc.array(fc.record({ blocks: fc.integer({ min: 1, max: 6 }), at: fc.option(fc.nat()) }), {
    minLength: 1,
  })
  fc.assert(
    fc.property(models, extents, fc.nat(), fc.nat(), (model, plan, a, b) => {
      const device = model.blocks.length
      const whole: string[] = []
      const file = plan.map(({ blocks, at }) => {
        const length = Math.min(blocks, device) * block
        const begin = whole.length * step
        if (at === null) {
          whole.push(...Array<string>(length / step).fill("0"))
          return { at: begin, length }
        }
        const place = (at % (device - length / block + 1)) * block
        whole.push(...expected(model, place, place + length))
        return { at: begin, length, place }
      })
      const map = new FileMap(file, model.layout)
      const [from, to] = [Math.min(a, b) % whole.length, Math.max(a, b) % (whole.length + 1)].toSorted(
        (x, y) => x - y,
      ) as [number, number]
      expect([map.start, map.end]).toEqual([0, whole.length * step])
      expect(bytesOf(map.pieces(from * step, to * step))).toEqual(whole.slice(from, to))
    }),
  )
})

describe("what a guest may say of its devices, and is not believed", () => {
  const disk = (sizeBytes = 100 * block): Device => ({ kind: "disk", sizeBytes, index: 0 })
  const linear = (device: string, offset: number, length: number, start = 0): Segment => ({
    kind: "linear",
    start,
    length,
    to: { device, offset },
  })
  const over = (segments: readonly Segment[], sizeBytes = 10 * block): Device => ({
    kind: "mapped",
    sizeBytes,
    segments,
  })
  const striped = (stripes: number, chunk: number, length = 10 * block): Segment => ({
    kind: "striped",
    start: 0,
    length,
    chunk,
    stripes: Array.from({ length: stripes }, () => ({ device: "8:0", offset: 0 })),
  })
  const tower = Array.from({ length: 40 }, (_, level): [string, Device] => [
    `253:${level}`,
    over([linear(level === 39 ? "8:0" : `253:${level + 1}`, 0, 10 * block)]),
  ])

  test.each<[string, [string, Device][]]>([
    ["nothing", []],
    ["a disk that the session does not have", [["8:0", { kind: "disk", sizeBytes: block, index: 1 }]]],
    ["a disk that is larger than it is", [["8:0", disk(101 * block)]]],
    ["a size that is no number", [["8:0", disk(Number.NaN)]]],
    [
      "a device that lies beyond a disk",
      [
        ["253:0", over([linear("8:0", 91 * block, 10 * block)])],
        ["8:0", disk()],
      ],
    ],
    [
      "a device that lies before one",
      [
        ["253:0", over([linear("8:0", -block, 10 * block)])],
        ["8:0", disk()],
      ],
    ],
    [
      "a device over one that it does not tell of",
      [
        ["253:0", over([linear("8:16", 0, 10 * block)])],
        ["8:0", disk()],
      ],
    ],
    ["a device over itself", [["253:0", over([linear("253:0", 0, 10 * block)])]]],
    ["devices over each other without end", [...tower, ["8:0", disk()]]],
    [
      "a table with a gap",
      [
        ["253:0", over([linear("8:0", 0, 5 * block), linear("8:0", 0, 4 * block, 6 * block)])],
        ["8:0", disk()],
      ],
    ],
    [
      "a table that is too short",
      [
        ["253:0", over([linear("8:0", 0, 5 * block)])],
        ["8:0", disk()],
      ],
    ],
    [
      "stripes of nothing",
      [
        ["253:0", over([striped(0, block)])],
        ["8:0", disk()],
      ],
    ],
    [
      "chunks that are no chunks",
      [
        ["253:0", over([striped(2, 512)])],
        ["8:0", disk()],
      ],
    ],
    [
      "stripes that do not come out even",
      [
        ["253:0", over([striped(3, block)])],
        ["8:0", disk()],
      ],
    ],
  ])("%s", (_, devices) => {
    expect(() => new Layout(devices[0]?.[0] ?? "", new Map(devices), new Map([[0, 100 * block]]))).toThrow(Unsuitable)
  })

  test.each([
    ["beyond the end of the device", { at: 0, length: 2 * block, place: 99 * block }],
    ["before its beginning", { at: 0, length: block, place: -block }],
    ["somewhere that is no number", { at: 0, length: block, place: Number.NaN }],
  ])("a file %s", (_, extent) => {
    const layout = new Layout("8:0", new Map([["8:0", disk()]]), new Map([[0, 100 * block]]))
    expect(() => new FileMap([extent], layout)).toThrow(Unsuitable)
  })

  test("a file that lies in more pieces than anybody's", () => {
    const layout = new Layout("8:0", new Map([["8:0", disk()]]), new Map([[0, 100 * block]]))
    const extents = Array.from({ length: 70_000 }, (_, index) => ({ at: index, length: 1, place: 0 }))
    expect(() => new FileMap(extents, layout)).toThrow(Unsuitable)
  })
})
