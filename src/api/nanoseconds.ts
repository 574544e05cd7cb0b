/**
 * Times of files, in nanoseconds since 1970: what a disk says, also before that, and beyond what a Date or a number holds
 * exactly. `seconds` are whole, and rounded down; nanoseconds that can't be any, as damage may say, are none.
 */
export function nanosecondsFrom(seconds: number, nanoseconds: number): bigint {
  const isFraction = Number.isInteger(nanoseconds) && nanoseconds >= 0 && nanoseconds < 1e9
  return BigInt(seconds) * second + BigInt(isFraction ? nanoseconds : 0)
}

/** The second in which a time is: whole, rounded down. */
export function secondOf(nanoseconds: bigint): number {
  return Number((nanoseconds - fraction(nanoseconds)) / second)
}

/**
 * RFC 3339 in UTC with nine digits behind the point, so that texts are in the order of times. What years 1 to 9999 don't hold
 * is told as the first or the last moment that they do: every reader of such texts takes these.
 */
export function timeText(nanoseconds: bigint): string {
  const time = nanoseconds < first ? first : nanoseconds > last ? last : nanoseconds
  const seconds = new Date(secondOf(time) * 1000).toISOString().slice(0, 19)
  return `${seconds}.${String(fraction(time)).padStart(9, "0")}Z`
}

/** The time that a text of ISO 8601 says, with up to nine digits behind the point; undefined when that is none. */
export function parseTime(text: string): bigint | undefined {
  const [point = "", digits = ""] = /\.(\d+)/.exec(text) ?? []
  const milliseconds = Date.parse(text.replace(point, ""))
  if (Number.isNaN(milliseconds)) return undefined
  return BigInt(milliseconds) * 1_000_000n + BigInt(digits.slice(0, 9).padEnd(9, "0"))
}

const second = 1_000_000_000n
const first = BigInt(Date.parse("0001-01-01T00:00:00Z")) * 1_000_000n
const last = BigInt(Date.parse("+010000-01-01T00:00:00Z")) * 1_000_000n - 1n

const fraction = (nanoseconds: bigint) => ((nanoseconds % second) + second) % second
