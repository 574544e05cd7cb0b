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

/**
 * The volumes as people see them: where, whether it can be read, what, how large, on what; and below, of those that can't be
 * read, or not in full, why. The reasons are sentences: in the table they would push everything else off the screen. `wide`:
 * with UUIDs.
 */
export function volumeTable(volumes: readonly VolumeRow[], { wide = false } = {}): string {
  const size = (bytes: number | undefined) => (bytes === undefined ? "-" : humanBytes(bytes))
  // only where something is known of it
  const mounts = volumes.some(({ mountPoint }) => mountPoint !== undefined)
  const systems = volumes.some(({ system }) => system !== undefined)
  const known = [...(mounts ? ["MOUNTED AT"] : []), ...(systems ? ["SYSTEM"] : [])]
  const header = ["VOLUME", "STATE", "FILESYSTEM", "LABEL", "SIZE", "USED", ...known, ...(wide ? ["UUID"] : []), "ON"]
  const rows = volumes.map((volume) => [
    pathOf(volume),
    volume.state,
    volume.filesystem ?? "-",
    volume.label ?? "-",
    size(volume.sizeBytes),
    size(volume.usedBytes),
    ...(mounts ? [volume.mountPoint ?? "-"] : []),
    ...(systems ? [systemWords(volume.system)] : []),
    ...(wide ? [volume.uuid ?? "-"] : []),
    volume.stack?.join(" > ") ?? "-",
  ])
  const shown = table(
    header,
    rows.map((row) => row.map(printable)),
  )
  const remarks = volumes.flatMap((volume) => remarksOf(volume).map((words) => `${printable(words)}\n`))
  return remarks.length === 0 ? shown : `${shown}\n${remarks.join("")}`
}

const pathOf = ({ path }: VolumeRow) => `/${path}`

function remarksOf(volume: VolumeRow): string[] {
  const { journal, message } = volume
  const words = [
    ...(message === undefined ? [] : [message]),
    ...(journal === "Skipped" ? ["Its journal was skipped."] : []),
  ]
  return words.length === 0 ? [] : [`${pathOf(volume)}: ${words.join(" ")}`]
}

function systemWords({ os, version, hostName }: NonNullable<VolumeRow["system"]> = {}): string {
  const name = [os, version].filter((word) => word !== undefined).join(" ")
  return [name, hostName].filter((word) => word !== undefined && word !== "").join(", ") || "-"
}
