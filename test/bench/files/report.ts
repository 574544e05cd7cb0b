import { table } from "../../../src/cli/table.ts"
import { percentile } from "../figures/quantiles.ts"
import type { Line, Measured } from "./measure.ts"
import type { Spent } from "./spent.ts"

/** A line of the table, and of the JSON. */
export interface Figure extends Spent {
  readonly what: string
  readonly by: Line["by"]
  readonly way: string
  /** Of `unit` in a second. */
  readonly rate: number
  readonly unit: string
  /** How many times as long libguestfs' quickest way takes, on the clock and of the CPUs; absent where it isn't measured. */
  readonly timesAsFast?: number
  readonly cpuRatio?: number
  readonly goal?: number
}

/** Bytes that come through the guest take its CPU: emulated, ten times this and more for each MiB (seconds). */
const pastTheGuest = 0.001

export function figuresOf({ task, lines }: Measured): Figure[] {
  const medians = lines.map((line) => ({ line, spent: medianOf(line.rounds) }))
  const theirs = medians.filter(({ line }) => line.by === "libguestfs").map(({ spent }) => spent)
  const quickest = theirs.toSorted((a, b) => a.seconds - b.seconds)[0]
  return medians.map(({ line, spent }) => ({
    what: task.what,
    by: line.by,
    way: wayOf(line, spent, task.unit),
    ...spent,
    rate: line.amount / spent.seconds,
    unit: task.unit,
    ...(quickest && {
      timesAsFast: quickest.seconds / spent.seconds,
      cpuRatio: quickest.cpuSeconds / spent.cpuSeconds,
    }),
    ...(line.by === "here" && task.goal !== undefined && { goal: task.goal }),
  }))
}

/** The service chooses by itself whether a file is read through the guest: what the guest took tells. */
function wayOf({ way, by, amount }: Line, { qemuSeconds }: Spent, unit: string): string {
  const isPast = by === "here" && unit === "MiB" && qemuSeconds / amount < pastTheGuest
  return isPast ? `${way}, past the guest` : way
}

function medianOf(rounds: readonly Spent[]): Spent {
  const median = (of: (spent: Spent) => number) => percentile(rounds.map(of), 0.5) ?? Number.NaN
  return {
    seconds: median(({ seconds }) => seconds),
    cpuSeconds: median(({ cpuSeconds }) => cpuSeconds),
    qemuSeconds: median(({ qemuSeconds }) => qemuSeconds),
  }
}

/** Medians. What is read by whom and how; time, and the CPUs' time, of which QEMU's; and how both compare with libguestfs. */
export function filesTable(figures: readonly Figure[]): string {
  const heads = ["read", "by", "s", "per s", "times as fast", "CPU s (QEMU)", "CPU ratio", "goal"]
  const one = (value: number) => value.toFixed(value < 10 ? 2 : 1)
  const times = (value: number | undefined) => (value === undefined ? "-" : `${value.toFixed(2)} x`)
  const rows = figures.map((figure, index) => [
    figures[index - 1]?.what === figure.what ? "" : figure.what,
    figure.by === "here" ? figure.way : `libguestfs: ${figure.way}`,
    one(figure.seconds),
    `${figure.rate.toFixed(0)} ${figure.unit}`,
    times(figure.timesAsFast),
    `${one(figure.cpuSeconds)} (${one(figure.qemuSeconds)})`,
    times(figure.cpuRatio),
    goalOf(figure),
  ])
  return table(heads, rows)
}

function goalOf({ goal, timesAsFast }: Figure): string {
  if (goal === undefined) return ""
  if (timesAsFast === undefined) return `${goal} x`
  return `${goal} x: ${timesAsFast >= goal ? "reached" : "missed"}`
}
