import { expect, test } from "vitest"
import { dateTime, exactTime } from "../../../src/page/format.ts"

test.each([
  ["1960-01-01T12:00:00.000000000Z", /^19(?:59-12-31|60-01-0[12]) \d\d:\d\d$/],
  ["2446-05-10T22:38:55.999999999Z", /^2446-05-1[01] \d\d:\d\d$/],
  ["0001-01-02T12:00:00.000000000Z", /^0001-01-0[123] \d\d:\d\d$/],
  ["9999-12-30T12:00:00.999999999Z", /^9999-12-[23]\d \d\d:\d\d$/],
  ["2026-11-24T03:00:00.000Z", /^2026-11-2[345] \d\d:\d\d$/],
  ["not a time", /^–$/],
])("%s is shown as a date where the reader is", (text, shown) => expect(dateTime(text)).toMatch(shown))

test("all of a time is there for who points at it", () => {
  expect(exactTime("1969-12-31T23:59:59.500000000Z")).toBe("1969-12-31 23:59:59.500000000 UTC")
  expect(exactTime("nonsense")).toBe("")
})
