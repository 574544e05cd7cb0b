import type { Extent } from "./extents.ts"
import { type DiskRange, type Layout, maxRanges } from "./layout.ts"
import { Unsuitable } from "./unsuitable.ts"

/** Bytes of a file: on a disk, or zeros. */
export type Piece = DiskRange | { readonly length: number }

/**
 * Where a part of a file lies on the session's disks. What is constructed lies within them as a whole, whatever the guest
 * has said; throws Unsuitable otherwise.
 */
export class FileMap {
  readonly start: number
  readonly end: number
  /** Without a gap, in the order of the file. */
  readonly extents: readonly Extent[]
  /** All that would be read, of stripes and what lies beside it a little more; merged and in order. */
  readonly ranges: readonly DiskRange[]
  readonly #layout: Layout

  constructor(extents: readonly Extent[], layout: Layout) {
    this.extents = extents
    this.#layout = layout
    const [first, last] = [extents[0], extents.at(-1)]
    if (first === undefined || last === undefined) throw new Unsuitable("file", "it is empty")
    this.start = first.at
    this.end = last.at + last.length
    const ranges: DiskRange[] = []
    for (const { place, length } of extents) {
      if (place !== undefined) ranges.push(...layout.cover(place, length))
      if (ranges.length > maxRanges) throw new Unsuitable("file", "it is in too many pieces")
    }
    this.ranges = merged(ranges)
  }

  /** Where some of its bytes lie, in their order. */
  pieces(from: number, to: number): Piece[] {
    const pieces: Piece[] = []
    for (let index = extentAt(this.extents, from); index < this.extents.length; index++) {
      const { at, length, place } = this.extents[index] as Extent
      const [first, last] = [Math.max(at, from), Math.min(at + length, to)]
      if (first >= last) break
      if (place === undefined) pieces.push({ length: last - first })
      else pieces.push(...this.#layout.locate(place + (first - at), last - first))
    }
    return pieces
  }
}

function extentAt(extents: readonly Extent[], offset: number): number {
  let [low, high] = [0, extents.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const { at, length } = extents[middle] as Extent
    if (at + length <= offset) low = middle + 1
    else high = middle
  }
  return low
}

/** The same bytes in as few ranges as it takes, by disk and offset. */
export function merged(ranges: readonly DiskRange[]): DiskRange[] {
  const result: { disk: number; offset: number; length: number }[] = []
  for (const range of ranges.toSorted((a, b) => a.disk - b.disk || a.offset - b.offset)) {
    const last = result.at(-1)
    if (last === undefined || last.disk !== range.disk || last.offset + last.length < range.offset)
      result.push({ ...range })
    else last.length = Math.max(last.length, range.offset + range.length - last.offset)
  }
  return result
}
