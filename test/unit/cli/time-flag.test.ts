import { expect, test } from "vitest"
import { formatDuration, parseDuration } from "../../../src/api/duration.ts"
import { timeOf } from "../../../src/cli/time-flag.ts"

const now = Date.parse("2026-11-26T12:00:00Z")

test.each([
  ["2026-11-22T03:00:00Z", "2026-11-22T03:00:00Z"],
  ["2026-11-22T03:00Z", "2026-11-22T03:00:00Z"],
  ["2026-11-22T05:00:00.5+02:00", "2026-11-22T03:00:00Z"],
  ["3h-ago", "2026-11-26T09:00:00Z"],
  ["3h ago", "2026-11-26T09:00:00Z"],
  ["1d12h-ago", "2026-11-25T00:00:00Z"],
  ["1w-ago", "2026-11-19T12:00:00Z"],
  ["90s-ago", "2026-11-26T11:58:30Z"],
])("%s is %s", (text, time) => expect(timeOf("--at", text, now)).toBe(time))

test.each([
  "",
  "3h",
  "ago",
  "-ago",
  "3-ago",
  "3y-ago",
  "2026-11-22",
  "2026-11-22T03:00:00",
  "2026-13-01T00:00:00Z",
  "999999w-ago",
])('"%s" is refused', (text) =>
  expect(() => timeOf("--at", text, now)).toThrow(expect.objectContaining({ code: "UsageError" })),
)

test.each([
  [0, "0s"],
  [90_000, "1m30s"],
  [43_200_000, "12h"],
  [3_661_999, "1h1m1s"],
])("%i ms are %s, and read back", (ms, text) => {
  expect(formatDuration(ms)).toBe(text)
  expect(parseDuration(text)).toBe(ms - (ms % 1000))
})
