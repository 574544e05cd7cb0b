/** Seconds since 1970 between which every file system can hold a time, more or less: 1901 to 2242. */
const [earliest, latest] = [-(2 ** 31), 2 ** 33]

/**
 * A time, in seconds since 1970, as Node's utimes functions take it: they take a negative number for now, but not a text of
 * it. What is out of reach becomes the nearest time that isn't. Exact to a microsecond, the most that they can do.
 */
export function fileTime(seconds: number): string {
  return String(Number.isFinite(seconds) ? Math.min(Math.max(earliest, seconds), latest) : 0)
}
