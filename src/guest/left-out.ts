import type { Verdict } from "./blame.ts"
import type { Catalogue, Volume } from "./catalogue.ts"
import type { GuestDisk } from "./disks.ts"
import { numberEqual, slug } from "./paths.ts"
import { diskEntry } from "./place.ts"

/** What is said of a volume that would end the guest. */
export function leftOut(message: string): Pick<Volume, "state" | "reason" | "message"> {
  return { state: "Corrupt", reason: "VolumeCorrupt", message }
}

/** The catalogue with what is left out of it as such: volumes, and in the place of what may be on them, whole disks. */
export function leaveOut(
  { disks, volumes }: Catalogue,
  given: readonly GuestDisk[],
  verdict: Pick<Verdict, "volumes" | "disks">,
  anchorOf: (volume: Volume) => string,
): Catalogue {
  const judged = volumes.map((volume) => {
    const why = volume.device === "" ? undefined : verdict.volumes.get(anchorOf(volume))
    return why === undefined ? volume : { ...volume, ...leftOut(why) }
  })
  const unseen = given.flatMap(({ name, serial, sizeBytes = 0 }): Volume[] => {
    const why = verdict.disks.get(serial)
    if (why === undefined) return []
    const disk = { path: slug(name), device: "", stack: [diskEntry(name)], sizeBytes, kind: "unknown" as const }
    return [{ ...disk, ...leftOut(why) }]
  })
  const paths = numberEqual([...judged, ...unseen].map(({ path }) => path))
  return {
    disks: disks.map((disk, index) => ({ ...disk, sizeBytes: disk.sizeBytes || (given[index]?.sizeBytes ?? 0) })),
    volumes: [...judged, ...unseen].map((volume, index) => ({ ...volume, path: paths[index] ?? volume.path })),
  }
}
