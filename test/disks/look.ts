import type { FilesClient } from "../../src/client/files-client.ts"
import type { Volume } from "../../src/guest/catalogue.ts"
import { compareCatalogue, unexpected } from "./compare-catalogue.ts"
import { compareVolume } from "./compare-volume.ts"
import { readTree } from "./read-tar.ts"
import type { ExpectedVolume, Row } from "./row.ts"

/** What a session shows of a row's disks. */
export interface Look {
  readonly group: string
  readonly row: string
  /** Its volumes, as people are told of them. */
  readonly found: readonly string[]
  /** Entries of trees whose content and metadata were compared. */
  readonly compared: number
  readonly deviations: readonly string[]
}

/**
 * Compares what a session's catalogue says with what the rows expect, and reads every tree through its file service.
 * `foreign` tells of volumes that no row expects.
 */
export async function look(
  rows: readonly Row[],
  catalogue: readonly Volume[],
  client: FilesClient,
  signal: AbortSignal,
): Promise<{ looks: Look[]; foreign: string[] }> {
  let left = catalogue
  const looks: Look[] = []
  for (const { group, name, volumes } of rows) {
    const comparison = compareCatalogue(volumes, left)
    left = comparison.left
    const deviations = [...comparison.deviations]
    let compared = 0
    for (const [wanted, volume] of comparison.matched) {
      const outcome = await lookInto(wanted, volume, client, signal)
      compared += outcome.compared
      deviations.push(...outcome.wrong.map((words) => `${volume.path}: ${words}`))
    }
    const found = [...comparison.matched.values()].map(inWords)
    looks.push({ group, row: name, found, compared, deviations })
  }
  return { looks, foreign: left.map(unexpected) }
}

async function lookInto(wanted: ExpectedVolume, volume: Volume, client: FilesClient, signal: AbortSignal) {
  try {
    if (wanted.inspect) return await wanted.inspect(client, volume.path, signal)
    if (wanted.keeps === undefined || volume.state !== "Mounted") return { compared: 0, wrong: [] }
    return compareVolume(wanted, await readTree(await client.tar({ volume: volume.path, components: [] }, signal)))
  } catch (error) {
    signal.throwIfAborted()
    return { compared: 0, wrong: [String(error)] }
  }
}

const inWords = ({ path, filesystem, kind, state }: Volume) => `${path} ${filesystem ?? kind} ${state}`
