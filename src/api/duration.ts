/** Durations as Go and CEL write them, in whole hours, minutes and seconds: `12h`, `1h30m`, `90s`. */
export const DURATION_PATTERN = /^([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?$/

/** Milliseconds, or undefined for anything that isn't such a duration. */
export function parseDuration(text: string): number | undefined {
  const parts = DURATION_PATTERN.exec(text)
  if (!parts || text === "") return undefined
  const [hours, minutes, seconds] = parts.slice(1).map((part) => Number.parseInt(part ?? "0", 10))
  return ((hours ?? 0) * 3600 + (minutes ?? 0) * 60 + (seconds ?? 0)) * 1000
}

export const MINUTE = 60_000
export const HOUR = 60 * MINUTE
/** No session lasts longer than this after its start, whatever anybody sets. */
export const LONGEST_TTL = 12 * HOUR

/** 5400000 -> "1h30m": whole seconds, as `parseDuration` reads them back. */
export function formatDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000)
  const parts = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ]
  const text = parts.map(([count, unit]) => (count === 0 ? "" : `${count}${unit}`)).join("")
  return text === "" ? "0s" : text
}
