import { RecoveryError } from "../api/reasons.ts"

const units = ["", "K", "M", "G", "T", "P"]

/** Bytes of a flag such as `--min-size 10M`; K, M, G, T and P are powers of 1024, as KiB is. Throws UsageError. */
export function parseSize(flag: string, text: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,15}(?:\.\d{1,3})?)([KMGTP]?)(?:i?B)?$/i.exec(text) ?? []
  const bytes = Math.round(Number(digits) * 1024 ** units.indexOf(unit.toUpperCase()))
  if (digits !== "" && Number.isSafeInteger(bytes)) return bytes
  throw new RecoveryError("UsageError", `${flag} "${text}" is no size such as 4096, 10M or 1.5G.`)
}
