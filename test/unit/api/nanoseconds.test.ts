import * as fc from "fast-check"
import { expect, test } from "vitest"
import { nanosecondsFrom, parseTime, secondOf, timeText } from "../../../src/api/nanoseconds.ts"

const second = 1_000_000_000n
const [first, last] = ["0001-01-01T00:00:00.000000000Z", "9999-12-31T23:59:59.999999999Z"]

test.each<[string, number, number, string]>([
  ["the epoch", 0, 0, "1970-01-01T00:00:00.000000000Z"],
  ["a nanosecond", 1_700_000_000, 1, "2023-11-14T22:13:20.000000001Z"],
  ["half a second before 1970", -1, 500_000_000, "1969-12-31T23:59:59.500000000Z"],
  ["1960", -315_619_200, 0, "1960-01-01T00:00:00.000000000Z"],
  ["the first time of NTFS", -11_644_473_600, 0, "1601-01-01T00:00:00.000000000Z"],
  ["the last time of 32 bits", 2 ** 32 - 1, 0, "2106-02-07T06:28:15.000000000Z"],
  ["the one after it", 2 ** 32, 0, "2106-02-07T06:28:16.000000000Z"],
  ["the last time of ext4", 2 ** 34 - 2 ** 31 - 1, 999_999_999, "2446-05-10T22:38:55.999999999Z"],
  ["the year 9999", 253_402_300_799, 999_999_999, last],
  ["the year 10000", 253_402_300_800, 0, last],
  ["the year 1", -62_135_596_800, 0, first],
  ["the year 0", -62_135_596_801, 0, first],
  ["more nanoseconds than a second has", 5, 1e9, "1970-01-01T00:00:05.000000000Z"],
  ["nanoseconds of 32 bits", 5, 2 ** 32 - 1, "1970-01-01T00:00:05.000000000Z"],
  ["fewer than none", 5, -1, "1970-01-01T00:00:05.000000000Z"],
])("%s is told", (_, seconds, nanoseconds, text) => {
  expect(timeText(nanosecondsFrom(seconds, nanoseconds))).toBe(text)
})

test.each([
  ["of whole seconds", "2023-11-14T22:13:20Z", 1_700_000_000n * second],
  ["as former releases told it", "2023-11-14T22:13:20.000Z", 1_700_000_000n * second],
  ["with a fraction", "1969-12-31T23:59:59.5Z", -500_000_000n],
  ["in another zone", "2023-11-14T23:13:20.000000001+01:00", 1_700_000_000n * second + 1n],
  ["beyond four digits", "+010000-01-01T00:00:00.25Z", 253_402_300_800n * second + 250_000_000n],
  ["finer than there is", "1970-01-01T00:00:00.1234567899Z", 123_456_789n],
  ["of a day", "1970-01-02", 86_400n * second],
  ["that is none", "yesterday", undefined],
  ["that no calendar has", "2023-13-01T00:00:00.0Z", undefined],
  ["of nothing", "", undefined],
])("a time %s is read", (_, text, time) => expect(parseTime(text)).toBe(time))

/** Whatever a disk may hold. */
const times = () =>
  fc
    .tuple(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.integer({ min: 0, max: 999_999_999 }))
    .map(([seconds, nanoseconds]) => seconds * second + BigInt(nanoseconds))
/** What years of four digits hold, and a bit more. */
const nearTimes = () => fc.bigInt(-63_000_000_000n * second, 254_000_000_000n * second)

test("every time has a text of RFC 3339, which says it, or the nearest that can be said", () => {
  fc.assert(
    fc.property(fc.oneof(times(), nearTimes()), (time) => {
      const text = timeText(time)
      expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/)
      expect(new Date(text).getTime()).not.toBeNaN()
      const [earliest = 0n, latest = 0n] = [first, last].map(parseTime)
      expect(parseTime(text)).toBe(time < earliest ? earliest : time > latest ? latest : time)
    }),
  )
})

test("texts are in the order of their times", () => {
  fc.assert(
    fc.property(fc.oneof(times(), nearTimes()), fc.oneof(times(), nearTimes()), (one, other) => {
      const [earlier, later] = one < other ? [one, other] : [other, one]
      expect(timeText(earlier) <= timeText(later)).toBe(true)
    }),
  )
})

test("a second is rounded down", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 999_999_999 }), (seconds, nanoseconds) => {
      expect(secondOf(nanosecondsFrom(seconds, nanoseconds))).toBe(seconds)
    }),
  )
})

test("any text is read as a time or as none", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(typeof parseTime(text)).toMatch(/^(?:bigint|undefined)$/)
    }),
  )
})
