import type { Result } from "./play.ts"

const heads = ["fault", "what the session did", "seconds", "objects", "bytes wrong"]

/** The table of all that was played, and below it every deviation. */
export function table(results: readonly Result[]): string {
  const rows = [heads, ...results.map(row)]
  const widths = heads.map((_, i) => Math.max(...rows.map((cells) => cells[i]?.length ?? 0)))
  const lines = rows.map((cells) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  )
  const wrong = results.flatMap(({ fault, deviations }) => deviations.map((words) => `FAILED ${fault}: ${words}`))
  return [...lines, "", ...wrong, summary(results)].join("\n")
}

/** One line of it. */
export function line(result: Result): string {
  const [fault, ...cells] = row(result)
  return [`${result.deviations.length === 0 ? "ok    " : "FAILED"} ${fault}:`, ...cells].join("  ")
}

export function summary(results: readonly Result[]): string {
  const failed = results.filter(({ deviations }) => deviations.length > 0).length
  return `${results.length} faults, ${failed} failed`
}

function row({ fault, session, seconds, objects, wrongBytes }: Result): string[] {
  return [
    fault,
    session.map(({ what }) => what).join(", ") || "-",
    seconds?.toFixed(1) ?? "-",
    `${objects.before} -> ${objects.after}`,
    wrongBytes?.toString() ?? "-",
  ]
}
