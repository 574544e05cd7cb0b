import type { Result } from "./play.ts"

const heads = ["made how", "found as", "compared", "disks", "seconds"]

/** The matrix: made how, found as, entries compared, the disks unchanged; below it every deviation. */
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
function lines({ group, row, found, compared, unchanged, seconds }: Result): string[][] {
  const [first = "-", ...others] = found
  const disks = unchanged ? "unchanged" : "CHANGED"
  return [
    [`${group}: ${row}`, first, String(compared), disks, seconds.toFixed(1)],
    ...others.map((volume) => ["", volume, "", "", ""]),
  ]
}

/** One line of it, while the others are still played. */
export function line({ group, row, found, compared, seconds, deviations }: Result): string {
  const verdict = deviations.length === 0 ? "ok    " : "FAILED"
  return `${verdict} ${group}: ${row}: ${found.join(", ")}; ${compared} compared, ${seconds.toFixed(1)} s`
}

export function summary(results: readonly Result[]): string {
  const failed = results.filter(({ deviations }) => deviations.length > 0).length
  const compared = results.reduce((sum, { compared }) => sum + compared, 0)
  return `${results.length} sets of disks, ${compared} entries compared, ${failed} failed`
}
