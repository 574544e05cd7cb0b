import { parseTime } from "../api/nanoseconds.ts"

/** Seconds since 1970 that ext4 can hold, 1901 to 2446; Linux has a file system that holds less keep its nearest time. */
const [earliest, latest] = [-(2 ** 31), 2 ** 34 - 2 ** 31 - 1]

/**
 * A time, in seconds since 1970, as Node's utimes functions take it: they take a negative number for now, but not a text of
 * it. What is out of reach becomes the nearest time that isn't. Exact to a microsecond, the most that they can do.
 */
export function fileTime(seconds: number): string {
  return String(Number.isFinite(seconds) ? Math.min(Math.max(earliest, seconds), latest) : 0)
}

/** The time of a listing's entry, in seconds since 1970. One that can't be read, from a peer that isn't ours, is 1970. */
export function secondsOf(mtime: string): number {
  return Number(parseTime(mtime) ?? 0n) / 1e9
}
