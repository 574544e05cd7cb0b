import type { Result } from "./play.ts"

const heads = ["made how", "found as", "compared", "disks", "seconds", "to catalogue", "peak MiB"]

/**
 * The matrix: made how, found as, entries compared, the disks unchanged, seconds in all and until the catalogue was there, memory
 * of QEMU; below it every deviation.
 */
export function matrix(results: readonly Result[]): string {
  const rows = [heads, ...results.flatMap(lines)]
  const widths = heads.map((_, i) => Math.max(...rows.map((cells) => cells[i]?.length ?? 0)))
  const text = rows.map((cells) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  )
  const wrong = results.flatMap(({ group, row, deviations }) =>
    deviations.map((words) => `FAILED ${group}: ${row}: ${words}`),
  )
  return [...text, "", ...wrong, summary(results)].join("\n")
}

/** A row's first line has everything; further volumes follow below. */
function lines({ group, row, found, compared, unchanged, seconds, catalogueSeconds, peakMiB }: Result): string[][] {
  const [first = "-", ...others] = found
  const disks = unchanged ? "unchanged" : "CHANGED"
  return [
    [`${group}: ${row}`, first, String(compared), disks, ...[seconds, catalogueSeconds].map(inShort), String(peakMiB)],
    ...others.map((volume) => ["", volume]),
  ]
}

/** One line of it, while the others are still played. */
export function line({ group, row, found, compared, seconds, catalogueSeconds, peakMiB, deviations }: Result): string {
  const verdict = deviations.length === 0 ? "ok    " : "FAILED"
  const cost = `${inShort(seconds)} s (catalogue ${inShort(catalogueSeconds)} s, QEMU ${peakMiB} MiB)`
  return `${verdict} ${group}: ${row}: ${found.join(", ")}; ${compared} compared, ${cost}`
}

const inShort = (seconds: number) => seconds.toFixed(1)

export function summary(results: readonly Result[]): string {
  const failed = results.filter(({ deviations }) => deviations.length > 0).length
  const compared = results.reduce((sum, { compared }) => sum + compared, 0)
  const peak = Math.max(0, ...results.map(({ peakMiB }) => peakMiB))
  return `${results.length} sets of disks, ${compared} entries compared, ${failed} failed; QEMU had ${peak} MiB at most`
}
