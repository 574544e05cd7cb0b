/** Rows as aligned columns, two spaces apart; the last column isn't padded. Widths count code points. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows]
  const widths = columnWidths(all)
  return all.map((row) => tableLine(row, widths)).join("")
}

export function columnWidths(rows: readonly (readonly string[])[]): number[] {
  return (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => width(row[column] ?? ""))))
}

/** One line of a table; a cell wider than its column moves the others. */
export function tableLine(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) =>
    column === row.length - 1 ? cell : cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - width(cell))),
  )
  return `${cells.join("  ").trimEnd()}\n`
}

const width = (text: string) => Array.from(text).length

/** As kubectl prints ages: 45s, 12m, 5h, 3d; "-" for what is not known. */
export function humanAge(milliseconds: number): string {
  if (Number.isNaN(milliseconds)) return "-"
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  if (seconds < 120) return `${seconds}s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}
