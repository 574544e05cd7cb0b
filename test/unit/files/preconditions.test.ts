import { expect, test } from "vitest"
import { evaluate } from "../../../src/files/preconditions.ts"

const etag = '"abc"'
const modified = new Date("2026-11-22T03:00:00.500Z")
const at = "Sun, 22 Nov 2026 03:00:00 GMT"
const earlier = "Sun, 22 Nov 2026 02:59:59 GMT"
const later = "Sun, 22 Nov 2026 03:00:01 GMT"

test.each<[string, Record<string, string>, ReturnType<typeof evaluate>]>([
  ["nothing asked", {}, { rangeHolds: true }],
  ["the same tag", { "if-none-match": etag }, 304],
  ["a weak form of it", { "if-none-match": `W/${etag}` }, 304],
  ["one of several", { "if-none-match": `"x", ${etag}` }, 304],
  ["any", { "if-none-match": "*" }, 304],
  ["another tag", { "if-none-match": '"x"' }, { rangeHolds: true }],
  ["a tag that holds a comma", { "if-none-match": '"a,"abc""' }, { rangeHolds: true }],
  ["not changed since", { "if-modified-since": at }, 304],
  ["changed since", { "if-modified-since": earlier }, { rangeHolds: true }],
  ["no date", { "if-modified-since": "yesterday" }, { rangeHolds: true }],
  ["a tag counts more than a date", { "if-none-match": '"x"', "if-modified-since": later }, { rangeHolds: true }],
  ["wanted and there", { "if-match": etag }, { rangeHolds: true }],
  ["a weak tag proves nothing", { "if-match": `W/${etag}` }, 412],
  ["wanted and another", { "if-match": '"x"' }, 412],
  ["unmodified", { "if-unmodified-since": at }, { rangeHolds: true }],
  ["modified", { "if-unmodified-since": earlier }, 412],
  ["a range of this", { "if-range": etag }, { rangeHolds: true }],
  ["a range of another", { "if-range": '"x"' }, { rangeHolds: false }],
  ["a range of a weak tag", { "if-range": `W/${etag}` }, { rangeHolds: false }],
  ["a range of this date", { "if-range": at }, { rangeHolds: true }],
  ["a range of a later date", { "if-range": later }, { rangeHolds: false }],
])("%s", (_, headers, outcome) => expect(evaluate(headers, { etag, modified })).toEqual(outcome))

test("a file without a date has no conditions on it", () => {
  const none = { etag, modified: undefined }
  expect(evaluate({ "if-modified-since": later, "if-unmodified-since": earlier }, none)).toEqual({ rangeHolds: true })
  expect(evaluate({ "if-range": at }, none)).toEqual({ rangeHolds: false })
})
