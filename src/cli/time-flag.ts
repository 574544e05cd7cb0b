import { RecoveryError } from "../api/reasons.ts"
import { timestamp } from "../session/time.ts"

/** What --help says of times. */
export const timeHelp = "e.g. 2026-11-22T03:00:00Z or 3h-ago"

const units = { w: 7 * 86_400, d: 86_400, h: 3600, m: 60, s: 1 } as const
const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)$/

/**
 * The time of a flag such as `--at`, as Kubernetes writes it: RFC 3339 (seconds may be left out), or how long ago it was
 * (`3h-ago`, `2d12h-ago`; w, d, h, m, s). Throws UsageError: a time without a zone means another hour to everybody.
 */
export function timeOf(flag: string, text: string, now: number): string {
  const [, ago = ""] = /^(.+)[- ]ago$/.exec(text) ?? []
  const at = ago === "" ? (rfc3339.test(text) ? Date.parse(text) : NaN) : now - agoMs(ago)
  // what years of four digits hold
  if (at >= -62_167_219_200_000 && at < 253_402_300_800_000) return timestamp(at)
  const words = /^\d{4}-\d\d-\d\d/.test(text) ? "has no time and time zone" : "is no time"
  throw new RecoveryError("UsageError", `${flag} "${text}" ${words}; write 2026-11-22T03:00:00Z, or 3h-ago.`)
}

function agoMs(text: string): number {
  const parts = /^(?:\d{1,6}[wdhms])+$/.test(text) ? text.matchAll(/(\d+)([wdhms])/g) : []
  let seconds = NaN
  for (const [, count, unit] of parts)
    seconds = (Number.isNaN(seconds) ? 0 : seconds) + Number(count) * units[unit as keyof typeof units]
  return seconds * 1000
}
