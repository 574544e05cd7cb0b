import type { FileMap } from "./file-map.ts"
import { type DiskOf, readBytes } from "./read-map.ts"
import { chooseSamples, type Sample } from "./samples.ts"

/** Whether some bytes of a file are the same when they are read by its map and through the guest. */
export async function sameBytes(
  map: FileMap,
  diskOf: DiskOf,
  throughGuest: (sample: Sample) => AsyncIterable<Buffer>,
): Promise<boolean> {
  const compared = chooseSamples(map).map(async (sample) => {
    const [past, through] = await Promise.all([readBytes(map, diskOf, sample), Array.fromAsync(throughGuest(sample))])
    return past.equals(Buffer.concat(through))
  })
  return (await Promise.all(compared)).every((same) => same)
}
