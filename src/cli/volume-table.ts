import { humanBytes } from "../api/bytes.ts"
import { printable } from "./printable.ts"
import { table } from "./table.ts"

/** What the table shows of a volume, of the file service's catalogue as well as of a session's status. */
export interface VolumeRow {
  readonly path: string
  readonly filesystem?: string | undefined
  readonly label?: string | undefined
  readonly sizeBytes?: number | undefined
  readonly usedBytes?: number | undefined
  readonly stack?: readonly string[] | undefined
  readonly state: string
  readonly journal?: string | undefined
  readonly message?: string | undefined
}

/** The volumes as people see them: where, what, how large, and for those that can't be read, why. */
export function volumeTable(volumes: readonly VolumeRow[]): string {
  const size = (bytes: number | undefined) => (bytes === undefined ? "-" : humanBytes(bytes))
  const header = ["VOLUME", "FILESYSTEM", "LABEL", "SIZE", "USED", "ON", "STATE"]
  const rows = volumes.map((volume) => [
    `/${volume.path}`,
    volume.filesystem ?? "-",
    volume.label ?? "-",
    size(volume.sizeBytes),
    size(volume.usedBytes),
    volume.stack?.join(" > ") ?? "-",
    stateOf(volume),
  ])
  return table(
    header,
    rows.map((row) => row.map(printable)),
  )
}

function stateOf({ state, journal, message }: VolumeRow): string {
  if (message !== undefined) return `${state}: ${message}`
  return journal === "Skipped" ? `${state}, journal skipped` : state
}
