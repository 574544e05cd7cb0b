import { humanBytes } from "../api/bytes.ts"
import { printable } from "./printable.ts"
import { table } from "./table.ts"

/** What the table shows of a volume, of the file service's catalogue as well as of a session's status. */
export interface VolumeRow {
  readonly path: string
  readonly filesystem?: string | undefined
  readonly label?: string | undefined
  readonly uuid?: string | undefined
  readonly sizeBytes?: number | undefined
  readonly usedBytes?: number | undefined
  readonly system?: { os?: string | undefined; version?: string | undefined; hostName?: string | undefined } | undefined
  readonly mountPoint?: string | undefined
  readonly stack?: readonly string[] | undefined
  readonly state: string
  readonly journal?: string | undefined
  readonly message?: string | undefined
}

/** The volumes as people see them: where, what, how large, and for those that can't be read, why. `wide`: with UUIDs. */
export function volumeTable(volumes: readonly VolumeRow[], { wide = false } = {}): string {
  const size = (bytes: number | undefined) => (bytes === undefined ? "-" : humanBytes(bytes))
  // only where something is known of it
  const mounts = volumes.some(({ mountPoint }) => mountPoint !== undefined)
  const systems = volumes.some(({ system }) => system !== undefined)
  const known = [...(mounts ? ["MOUNTED AT"] : []), ...(systems ? ["SYSTEM"] : [])]
  const header = ["VOLUME", "FILESYSTEM", "LABEL", "SIZE", "USED", ...known, ...(wide ? ["UUID"] : []), "ON", "STATE"]
  const rows = volumes.map((volume) => [
    `/${volume.path}`,
    volume.filesystem ?? "-",
    volume.label ?? "-",
    size(volume.sizeBytes),
    size(volume.usedBytes),
    ...(mounts ? [volume.mountPoint ?? "-"] : []),
    ...(systems ? [systemWords(volume.system)] : []),
    ...(wide ? [volume.uuid ?? "-"] : []),
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

function systemWords({ os, version, hostName }: NonNullable<VolumeRow["system"]> = {}): string {
  const name = [os, version].filter((word) => word !== undefined).join(" ")
  return [name, hostName].filter((word) => word !== undefined && word !== "").join(", ") || "-"
}
