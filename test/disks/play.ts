import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { join } from "node:path"
import { pipeline } from "node:stream/promises"
import { pino } from "pino"
import { FilesClient } from "../../src/client/files-client.ts"
import { dialLocal, type LocalSession } from "../../src/cli/client/local-session.ts"
import { openDataPath } from "../../src/cli/open/data-path.ts"
import type { Volume } from "../../src/guest/catalogue.ts"
import { compareCatalogue, unexpected } from "./compare-catalogue.ts"
import { compareVolume } from "./compare-volume.ts"
import { readTree } from "./read-tar.ts"
import { type ExpectedVolume, idOf, type Row } from "./row.ts"

/** What came of a row. */
export interface Result {
  readonly group: string
  readonly row: string
  /** Its volumes, as people are told of them. */
  readonly found: readonly string[]
  /** Entries of trees whose content and metadata were compared. */
  readonly compared: number
  /** The disks' bytes are what they were. */
  readonly unchanged: boolean
  readonly seconds: number
  readonly deviations: readonly string[]
}

export interface Stage {
  /** The rows' images, by the rows' ids. */
  readonly folders: ReadonlyMap<string, string>
  readonly signal: AbortSignal
}

/**
 * Gives the disks of the rows to one session, through the whole path: target, TLS, initiator, NBD, guest, file service.
 * Looks at the catalogue, reads every tree through the service, and at the disks' bytes before and after. `foreign` tells
 * of volumes that no row expects.
 */
export async function play(
  rows: readonly Row[],
  { folders, signal }: Stage,
): Promise<{ results: Result[]; foreign: string[] }> {
  const started = performance.now()
  const images = rows.map((row) => imagesOf(row, folders))
  const before = await Promise.all(images.map(sumOf))
  const { looks, foreign } = await look(rows, images.flat(), signal)
  const after = await Promise.all(images.map(sumOf))
  const seconds = (performance.now() - started) / 1000 / rows.length
  const results = looks.map((look, index): Result => {
    const unchanged = before[index] === after[index]
    const deviations = unchanged ? look.deviations : [...look.deviations, "the disks were written to"]
    return { ...look, unchanged, seconds, deviations }
  })
  return { results, foreign }
}

type Look = Omit<Result, "unchanged" | "seconds">

async function look(rows: readonly Row[], images: readonly string[], signal: AbortSignal) {
  const log = pino({ level: "silent" })
  const step = () => undefined
  const keys = rows.flatMap(({ keys = [] }) => keys)
  const journal = rows.find(({ journal }) => journal)?.journal ?? "Replay"
  const memoryMiB = Math.max(...rows.map(({ memoryMiB = 512 }) => memoryMiB))
  const machine = { memoryMiB, cpus: 2, accel: "tcg" } as const
  await using path = await openDataPath({ images, ...machine, keys, journal, log, signal, step })
  const client = clientOf(path.session)
  try {
    let left: readonly Volume[] = path.guest.catalogue().volumes
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
  } finally {
    client.close()
  }
}

async function lookInto(wanted: ExpectedVolume, volume: Volume, client: FilesClient, signal: AbortSignal) {
  if (wanted.keeps === undefined || volume.state !== "Mounted") return { compared: 0, wrong: [] }
  try {
    return compareVolume(wanted, await readTree(await client.tar({ volume: volume.path, components: [] }, signal)))
  } catch (error) {
    signal.throwIfAborted()
    return { compared: 0, wrong: [String(error)] }
  }
}

const inWords = ({ path, filesystem, kind, state }: Volume) => `${path} ${filesystem ?? kind} ${state}`

function imagesOf(row: Row, folders: ReadonlyMap<string, string>): string[] {
  const given = row.disks.filter(({ name }) => row.without?.includes(name) !== true)
  return given.map(({ name }) => join(folders.get(idOf(row)) ?? "", `${name}.img`))
}

function clientOf({ port, uid, ca, username, password }: LocalSession): FilesClient {
  return new FilesClient({ dial: dialLocal(port), ca, sessionUid: uid, username, password })
}

/** One sha256 for the bytes of all disks. */
async function sumOf(images: readonly string[]): Promise<string> {
  const hash = createHash("sha256").setMaxListeners(0) // a row may have many disks
  for (const image of images) await pipeline(createReadStream(image, { highWaterMark: 1 << 20 }), hash, { end: false })
  return hash.digest("hex")
}
