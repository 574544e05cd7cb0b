import { humanBytes } from "../api/bytes.ts"
import { parseTime, secondOf, timeText } from "../api/nanoseconds.ts"

export { humanBytes }

/** `2026-11-24 03:00`, of the reader's own time zone; a dash for no date. */
export function dateTime(iso: string): string {
  const time = parseTime(iso)
  if (time === undefined) return "–"
  const date = new Date(secondOf(time) * 1000)
  const two = (value: number) => String(value).padStart(2, "0")
  const day = `${String(date.getFullYear()).padStart(4, "0")}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`
}

/** `2026-11-24 02:00:00.123456789 UTC`: all that is known of a file's time. */
export function exactTime(iso: string): string {
  const time = parseTime(iso)
  return time === undefined ? "" : timeText(time).replace("T", " ").replace("Z", " UTC")
}

/** What is left until a time, as people say it: `3 h 12 min`, `4 min`, `50 s`; nothing is left of what is past. */
export function timeLeft(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** `1 file`, `12,345 files`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`
}

/** rwxr-xr-x, as ls prints it. */
export function permissions(mode: number): string {
  return "rwxrwxrwx"
    .split("")
    .map((letter, at) => ((mode >> (8 - at)) & 1 ? letter : "-"))
    .join("")
}
