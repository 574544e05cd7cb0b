import { RecoveryError } from "../api/reasons.ts"

/** The value of a flag such as `--cpus 2`. Throws UsageError. */
export function wholeNumber(flag: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (/^\d{1,9}$/.test(text) && value >= least && value <= most) return value
  throw new RecoveryError("UsageError", `${flag} must be a whole number from ${least} to ${most}.`)
}
