/** How a way, or a command of the docs, went. */
export interface Result {
  readonly kind: "way" | "command"
  readonly name: string
  /** Entries of the tree whose name, content and metadata were compared; of a command, lines of its output. */
  readonly compared: number
  /** What the way doesn't keep. */
  readonly loses: readonly string[]
  readonly seconds: number
  readonly deviations: readonly string[]
}

const heads = ["taken by", "compared", "not kept", "seconds"]

/** The table of all ways, then that of all commands, and every deviation. */
export function table(results: readonly Result[]): string {
  const lines = [heads, ...results.map(cells)]
  const widths = heads.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)))
  const text = lines.map((line) =>
    line
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  )
  const wrong = results.flatMap(({ name, deviations }) => deviations.map((words) => `FAILED ${name}: ${words}`))
  return [...text, "", ...wrong, summary(results)].join("\n")
}

/** One line of it, while the others are still to come. */
export function line(result: Result): string {
  const verdict = result.deviations.length === 0 ? "ok    " : "FAILED"
  return `${verdict} ${cells(result).filter(Boolean).join("  ")}`
}

export function summary(results: readonly Result[]): string {
  const count = (kind: Result["kind"]) => results.filter((one) => one.kind === kind).length
  const failed = results.filter(({ deviations }) => deviations.length > 0).length
  return `${count("way")} ways, ${count("command")} commands of the docs, ${failed} failed`
}

const cells = ({ name, compared, loses, seconds }: Result) => [
  name,
  String(compared),
  loses.join(", "),
  seconds.toFixed(1),
]
