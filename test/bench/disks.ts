import { makeImages } from "../disks/images.ts"
import { idOf, type Row } from "../disks/row.ts"
import type { Bench, BenchOptions, Outcome } from "./bench.ts"
import { loadLine, loadNow } from "./machine.ts"
import { progress } from "./progress.ts"
import { compareBoth, type BothFinds } from "./disks/compare-both.ts"
import { whyNoLibguestfs } from "./disks/libguestfs.ts"
import { comparedTable, openingTable, readingTable } from "./disks/report.ts"
import { compared, diskSet, manyFiles } from "./disks/sets.ts"
import { type Opening, type Reading, timeOpening, timeReading } from "./disks/times.ts"

/**
 * What disks cost: from `open` to the complete catalogue, and reading, on sets of disks of many kinds; and what is found on
 * hard ones, all of it beside libguestfs on the same images, one after the other, both with an emulated CPU.
 */
export const disks: Bench = {
  about:
    "[--disks 1,20,64] [--rounds 3] [--only sets|speed|compared] [--rows WORDS]: from open to the catalogue, and trees, beside libguestfs",
  async run({ disks, rounds, only, rows }): Promise<Outcome> {
    const load = loadNow()
    const absent = await whyNoLibguestfs()
    const isBeside = absent === undefined
    progress(loadLine(load).trimEnd())
    if (absent !== undefined) progress(absent)
    const parts = { only, rounds, rows, isBeside }
    const openings = await openingsOf(parts, disks)
    const readings = await readingsOf(parts)
    const { finds, failures } = await findsOf(parts)
    return {
      tables: [
        loadLine(load),
        ...(absent === undefined ? [] : [`${absent}\n`]),
        ...(openings.length > 0 ? [openingTable(openings)] : []),
        ...(readings.length > 0 ? [readingTable(readings)] : []),
        ...(finds.length > 0 ? [comparedTable(finds)] : []),
      ],
      figures: { load, libguestfs: absent ?? "measured", rounds, openings, readings, finds },
      deviations: failures.concat(
        finds.flatMap(({ row, ours }) => [
          ...ours.deviations.map((words) => `${row}: ${words}`),
          ...(ours.unchanged ? [] : [`${row}: the disks were written to`]),
        ]),
      ),
    }
  },
}

interface Parts extends Pick<BenchOptions, "only" | "rounds" | "rows"> {
  readonly isBeside: boolean
}

const isWanted = (part: string, { only }: Parts) => only.length === 0 || only.includes(part)

async function openingsOf(parts: Parts, counts: readonly number[]): Promise<Opening[]> {
  if (!isWanted("sets", parts)) return []
  const sets = counts.map(diskSet)
  const images = await imagesOf(sets)
  const openings: Opening[] = []
  for (const set of sets) openings.push(await timeOpening(images(set), parts))
  return openings
}

async function readingsOf(parts: Parts): Promise<Reading[]> {
  if (!isWanted("speed", parts)) return []
  return timeReading((await imagesOf([manyFiles]))(manyFiles), "large", parts)
}

/** A row that one of the two breaks at is told, and the others are still compared. */
async function findsOf(parts: Parts): Promise<{ finds: BothFinds[]; failures: string[] }> {
  const finds: BothFinds[] = []
  const failures: string[] = []
  if (!isWanted("compared", parts)) return { finds, failures }
  const wanted = compared.filter(({ name }) => name.includes(parts.rows))
  const images = await imagesOf(wanted)
  for (const row of wanted) {
    progress(row.name)
    try {
      const both = await compareBoth(row, images(row), parts.isBeside)
      progress(`\n${comparedTable([both])}`) // it takes long: what is known is not lost when it is interrupted
      finds.push(both)
    } catch (error) {
      failures.push(`${row.name}: ${String(error)}`)
    }
  }
  return { finds, failures }
}

/** Makes the images of rows that aren't there yet; a function that tells which files a row's disks are. */
async function imagesOf(rows: readonly Row[]): Promise<(row: Row) => string[]> {
  const { folders, failed } = await makeImages(rows, (line) => line.startsWith("ROW ") && progress(line))
  if (failed.size > 0) throw new Error([...failed.values()].join("\n"))
  return (row) =>
    row.disks
      .filter(({ name }) => row.without?.includes(name) !== true)
      .map(({ name }) => `${folders.get(idOf(row)) ?? ""}/${name}.img`)
}
