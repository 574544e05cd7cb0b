import { Unsuitable } from "./unsuitable.ts"

/** A block device of the guest; all in bytes. */
export type Device =
  | { readonly kind: "disk"; readonly sizeBytes: number; readonly index: number }
  | { readonly kind: "mapped"; readonly sizeBytes: number; readonly segments: readonly Segment[] }

/** A part of a device, and where it lies. They follow each other from 0 to the device's size. */
export type Segment = { readonly start: number; readonly length: number } & (
  | { readonly kind: "linear"; readonly to: Place }
  | { readonly kind: "striped"; readonly chunk: number; readonly stripes: readonly Place[] }
  /** Encrypted, thin, mirrored...: its bytes can't be found, or not as they are. */
  | { readonly kind: "opaque"; readonly what: string }
)

/** A byte of a device, by its MAJOR:MINOR. */
export interface Place {
  readonly device: string
  readonly offset: number
}

/** Bytes of a disk, by its index. */
export interface DiskRange {
  readonly disk: number
  readonly offset: number
  readonly length: number
}

/** More devices below each other than this are none that anybody has made. */
const maxDepth = 16
/** More ranges than this are not looked up at once. */
export const maxRanges = 65_536

/**
 * How a device of the guest maps to the session's disks. What is constructed is sound, whoever told it: each device lies
 * wholly within those below it, and those are disks that there are, in the end. Throws Unsuitable otherwise.
 */
export class Layout {
  readonly #top: string
  readonly #devices: ReadonlyMap<string, Device>

  /** `diskBytes`: the sizes of the session's disks, by index. */
  constructor(top: string, devices: ReadonlyMap<string, Device>, diskBytes: ReadonlyMap<number, number>) {
    this.#top = top
    this.#devices = devices
    this.#assertSound(top, 0, new Set(), diskBytes)
  }

  /** MAJOR:MINOR of the device itself. */
  get device(): string {
    return this.#top
  }

  get sizeBytes(): number {
    return this.#device(this.#top).sizeBytes
  }

  /** Where some bytes of the device lie, in their order. Throws Unsuitable where that can't be told. */
  locate(offset: number, length: number): DiskRange[] {
    const ranges: DiskRange[] = []
    this.#walk({ device: this.#top, offset }, length, stripesInOrder, ranges)
    return ranges
  }

  /** The same, with all that is on one stripe told at once: few, whatever the length, and in no order. */
  cover(offset: number, length: number): DiskRange[] {
    const ranges: DiskRange[] = []
    this.#walk({ device: this.#top, offset }, length, stripesWhole, ranges)
    return ranges
  }

  #walk({ device: name, offset }: Place, length: number, stripes: StripeParts, into: DiskRange[]): void {
    const device = this.#device(name)
    if (!(offset >= 0 && length >= 0 && offset + length <= device.sizeBytes))
      throw new Unsuitable("file", "it would lie beyond the end of its device")
    if (into.length >= maxRanges) throw new Unsuitable("file", "it is in too many pieces")
    if (device.kind === "disk") return void into.push({ disk: device.index, offset, length })
    const end = offset + length
    for (let at = offset, index = segmentAt(device.segments, offset); at < end; index++) {
      const segment = device.segments[index]
      if (segment === undefined) throw new Unsuitable("file", "it would lie beyond the end of its device")
      const [within, part] = [at - segment.start, Math.min(end, segment.start + segment.length) - at]
      if (segment.kind === "opaque") throw new Unsuitable("file", `it lies on ${segment.what}`)
      if (segment.kind === "linear") this.#walk(beyond(segment.to, within), part, stripes, into)
      else for (const [place, bytes] of stripes(segment, within, part)) this.#walk(place, bytes, stripes, into)
      at += part
    }
  }

  #device(name: string): Device {
    const device = this.#devices.get(name)
    if (device === undefined) throw new Unsuitable("volume", "it lies on a device that was not told of")
    return device
  }

  #assertSound(name: string, depth: number, sound: Set<string>, disks: ReadonlyMap<number, number>): void {
    if (sound.has(name)) return
    if (depth > maxDepth) throw new Unsuitable("volume", "its devices lie on each other without end")
    const device = this.#device(name)
    if (device.kind === "disk") {
      if (!(device.sizeBytes <= (disks.get(device.index) ?? -1)))
        throw new Unsuitable("volume", "it lies on a disk that the session does not have, or beyond its end")
    } else {
      let at = 0
      for (const segment of device.segments) {
        if (segment.start !== at || segment.length <= 0) throw new Unsuitable("volume", "its table has gaps")
        at += segment.length
        for (const { device: below, offset, length } of partsOf(segment)) {
          this.#assertSound(below, depth + 1, sound, disks)
          if (!(offset >= 0 && offset + length <= this.#device(below).sizeBytes))
            throw new Unsuitable("volume", "its table leads beyond a device")
        }
      }
      if (at !== device.sizeBytes) throw new Unsuitable("volume", "its table is not of its size")
    }
    sound.add(name)
  }
}

type Striped = Extract<Segment, { kind: "striped" }>
type StripeParts = (segment: Striped, within: number, length: number) => Iterable<[Place, number]>

const beyond = ({ device, offset }: Place, bytes: number): Place => ({ device, offset: offset + bytes })

/** What a segment lies on. */
function partsOf(segment: Segment): (Place & { readonly length: number })[] {
  if (segment.kind === "opaque") return []
  if (segment.kind === "linear") return [{ ...segment.to, length: segment.length }]
  const { chunk, stripes, length } = segment
  if (!(chunk >= 4096) || stripes.length === 0 || length % (chunk * stripes.length) !== 0)
    throw new Unsuitable("volume", "its stripes are uneven")
  return stripes.map((stripe) => ({ ...stripe, length: length / stripes.length }))
}

/** The index of the segment that holds a byte. */
function segmentAt(segments: readonly Segment[], offset: number): number {
  let [low, high] = [0, segments.length]
  while (low < high) {
    const middle = (low + high) >> 1
    const { start, length } = segments[middle] as Segment
    if (start + length <= offset) low = middle + 1
    else high = middle
  }
  return low
}

/** Chunk after chunk, from stripe to stripe. */
function* stripesInOrder({ chunk, stripes }: Striped, within: number, length: number): Iterable<[Place, number]> {
  for (let at = within; at < within + length;) {
    const number = Math.floor(at / chunk)
    const part = Math.min((number + 1) * chunk, within + length) - at
    const row = Math.floor(number / stripes.length)
    yield [beyond(stripes[number % stripes.length] as Place, row * chunk + (at % chunk)), part]
    at += part
  }
}

/** Each stripe's rows from the first to the last that are touched. */
function* stripesWhole({ chunk, stripes }: Striped, within: number, length: number): Iterable<[Place, number]> {
  const row = chunk * stripes.length
  const first = Math.floor(within / row)
  const rows = Math.ceil((within + length) / row) - first
  for (const stripe of stripes) yield [beyond(stripe, first * chunk), rows * chunk]
}
