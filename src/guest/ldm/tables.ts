import type { Source } from "./groups.ts"

/** A device for device-mapper: its name, which is its UUID as well, and its table. */
export interface Mapping {
  readonly uuid: string
  readonly table: string
}

/**
 * What device-mapper has to make so that `uuid` is the volume, in this order: what lies below it first. Striped volumes end
 * with their last whole stripe, as the kernel wants it. RAID-5 goes by md's driver, without metadata of its own and without
 * a resync: its parity counts as right, and is read only where a disk is missing.
 */
export function mappings(uuid: string, { layout, chunkSectors, places }: Source): Mapping[] {
  if (layout === "spanned") return [{ uuid, table: linear(places) }]
  const sizes = places.flatMap((place) => place?.sectors ?? [])
  const column = Math.floor(Math.min(...sizes) / chunkSectors) * chunkSectors
  if (layout === "striped") {
    const devices = places.map((place) => (place === undefined ? "" : `${place.device} ${place.start}`))
    const length = column * places.length
    return [{ uuid, table: `0 ${length} striped ${places.length} ${chunkSectors} ${named(devices)}` }]
  }
  const parts = places.map((place, at) =>
    place === undefined ? undefined : { uuid: partUuid(uuid, at), table: linear([{ ...place, sectors: column }]) },
  )
  const members = parts.map((part) => (part === undefined ? "- -" : `- /dev/mapper/${part.uuid}`))
  const table = `0 ${column * (places.length - 1)} raid raid5_ls 2 ${chunkSectors} nosync ${places.length} ${members.join(" ")}`
  return [...parts.filter((part) => part !== undefined), { uuid, table }]
}

/** What a column of RAID-5 is called: a device that only this volume lies on. */
const partUuid = (uuid: string, at: number) => `${uuid}-column${at}`

function linear(places: Source["places"]): string {
  let at = 0
  return places
    .flatMap((place) => {
      if (place === undefined) return []
      const line = `${at} ${place.sectors} linear /dev/${place.device} ${place.start}`
      at += place.sectors
      return [line]
    })
    .join("\n")
}

const named = (devices: readonly string[]) => devices.map((device) => `/dev/${device}`).join(" ")
