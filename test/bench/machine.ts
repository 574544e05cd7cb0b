import { cpus, loadavg } from "node:os"

/** What else the machine did while it was measured: times of a loaded machine are upper bounds, and only ratios count. */
export interface Load {
  readonly cpus: number
  /** Load average of the last minute, before the first measurement. */
  readonly before: number
}

export const loadNow = (): Load => ({ cpus: cpus().length, before: loadavg()[0] ?? 0 })

/** A line for people, above all figures. */
export function loadLine({ cpus, before }: Load): string {
  const words = `Load average at the start: ${before.toFixed(2)} on ${cpus} CPUs.`
  const quiet = before < 0.2 * cpus
  return quiet ? `${words}\n` : `${words} The machine was not idle: times are upper bounds, compare ratios only.\n`
}
