import { readFileSync } from "node:fs"
import { join } from "node:path"
import { pino } from "pino"
import { openDataPath } from "../../src/cli/open/data-path.ts"
import { clientOf } from "./client-of.ts"
import { look, type Look } from "./look.ts"
import { idOf, type Row } from "./row.ts"
import { sumOf } from "./sums.ts"
import { undeceiving } from "./undeceiving.ts"

/** What came of a row. */
export interface Result extends Look {
  /** The disks' bytes are what they were. */
  readonly unchanged: boolean
  readonly seconds: number
  /** From the images to the catalogue, once for all rows of the session. */
  readonly catalogueSeconds: number
  /** The most memory that a QEMU of the session had resident: the micro-VM's own, and what QEMU needs besides. */
  readonly peakMiB: number
}

export interface Stage {
  /** The rows' images, by the rows' ids. */
  readonly folders: ReadonlyMap<string, string>
  readonly signal: AbortSignal
  /** Done when everything was read and the session still lives: tests of the harness plant a write here. */
  readonly meanwhile?: () => Promise<void>
}

/**
 * Gives the disks of the rows to one session, through the whole path: target, TLS, initiator, NBD, guest, file service.
 * Looks at the catalogue, reads every tree through the service, and at the disks' bytes before and after. `foreign` tells
 * of volumes that no row expects.
 */
export async function play(
  rows: readonly Row[],
  { folders, signal, meanwhile }: Stage,
): Promise<{ results: Result[]; foreign: string[] }> {
  const started = performance.now()
  const images = rows.map((row) => imagesOf(row, folders))
  const before = await Promise.all(images.map(sumOf))
  const { looks, foreign, cost } = await lookThrough(rows, images.flat(), signal, meanwhile)
  const after = await Promise.all(images.map(sumOf))
  const seconds = (performance.now() - started) / 1000 / rows.length
  const results = looks.map((look, index): Result => {
    const unchanged = before[index] === after[index]
    const deviations = unchanged ? look.deviations : [...look.deviations, "the disks were written to"]
    return { ...look, ...cost, unchanged, seconds, deviations }
  })
  return { results, foreign }
}

async function lookThrough(
  rows: readonly Row[],
  images: readonly string[],
  signal: AbortSignal,
  meanwhile: Stage["meanwhile"],
) {
  const logged: string[] = []
  const log = pino({ level: "debug" }, { write: (line) => void logged.push(line) })
  const step = () => undefined
  const keys = rows.flatMap(({ keys = [] }) => keys)
  const journal = rows.find(({ journal }) => journal)?.journal ?? "Replay"
  const memoryMiB = Math.max(...rows.map(({ memoryMiB = 512 }) => memoryMiB))
  const machine = { memoryMiB, cpus: 2, accel: "tcg" } as const
  const pids: number[] = []
  const started = (pid: number) => void pids.push(pid)
  const from = performance.now()
  await using path = await openDataPath({ images, ...machine, keys, journal, log, signal, step, started })
  const catalogueSeconds = (performance.now() - from) / 1000
  const client = clientOf(path.session)
  try {
    const { looks, foreign } = await look(rows, path.source.catalogue().volumes, client, signal)
    await meanwhile?.()
    const deceived = undeceiving(path.source.catalogue(), logged.join(""))
    const cost = { catalogueSeconds, peakMiB: Math.max(...pids.map(peakMiBOf)) }
    return { looks, foreign: [...foreign, ...deceived], cost }
  } finally {
    client.close()
  }
}

/** Of a process that has ended already nothing is known. */
function peakMiBOf(pid: number): number {
  try {
    return Math.round(Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024)
  } catch {
    return 0
  }
}

/** The disks that the session of a row gets. */
export function imagesOf(row: Row, folders: ReadonlyMap<string, string>): string[] {
  const given = row.disks.filter(({ name }) => row.without?.includes(name) !== true)
  return given.map(({ name }) => join(folders.get(idOf(row)) ?? "", `${name}.img`))
}
