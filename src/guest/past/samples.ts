import { randomInt } from "node:crypto"
import type { FileMap } from "./file-map.ts"

/** A few bytes of a file. */
export interface Sample {
  readonly start: number
  readonly end: number
}

const sampleBytes = 4096
const sampleCount = 16

/**
 * Which bytes of a file are read both ways before it is read past the guest: the first and the last ones, some anywhere, and
 * some where an extent begins, as that is where a map would be wrong.
 */
export function chooseSamples({ start, end, extents }: FileMap, random: (below: number) => number = below): Sample[] {
  const last = Math.max(start, end - sampleBytes)
  const places = [start, last]
  const begins = extents.filter(({ place }) => place !== undefined)
  while (places.length < sampleCount) {
    const extent = places.length % 2 === 0 ? begins[random(begins.length)] : undefined
    places.push(Math.min(last, extent?.at ?? start + random(end - start)))
  }
  return places.map((place) => ({ start: place, end: Math.min(end, place + sampleBytes) }))
}

/** randomInt takes 48 bits; a file of more is none. */
const below = (limit: number) => (limit > 1 ? randomInt(Math.min(limit, 2 ** 48 - 1)) : 0)
