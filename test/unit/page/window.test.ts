import { describe, expect, test } from "vitest"
import { rowAfter, rowHeight, scrollFor, visibleRows } from "../../../src/page/window.ts"

describe("rows on the page", () => {
  test.each([
    ["of none", 0, 0, 600, { first: 0, end: 0 }],
    ["of few", 5, 0, 600, { first: 0, end: 5 }],
    ["at the top", 100_000, 0, 600, { first: 0, end: 25 }],
    ["in the middle", 100_000, 400 * rowHeight, 600, { first: 390, end: 425 }],
    ["at the end", 1000, 985 * rowHeight, 600, { first: 975, end: 1000 }],
    ["of a list that has become shorter", 3, 985 * rowHeight, 600, { first: 3, end: 3 }],
  ])("%s", (_, count, scrolled, height, expected) => {
    expect(visibleRows(count, scrolled, height)).toEqual(expected)
  })
})

describe("scrolling to a row", () => {
  test.each([
    ["above", 2, 400, 2 * rowHeight],
    ["that can be seen", 12, 400, 400],
    ["below", 40, 400, 41 * rowHeight - 600],
  ])("%s", (_, row, scrolled, expected) => expect(scrollFor(row, scrolled, 600)).toBe(expected))
})

describe("keys", () => {
  test.each([
    ["ArrowDown", 8],
    ["ArrowUp", 6],
    ["PageDown", 9],
    ["PageUp", 2],
    ["Home", 0],
    ["End", 9],
    ["x", undefined],
  ])("%s in row 7 of 10, 5 of them in sight", (key, expected) => expect(rowAfter(key, 7, 10, 5)).toBe(expected))

  test("in an empty list all lead to the beginning", () => {
    for (const key of ["ArrowDown", "End", "PageUp"]) expect(rowAfter(key, 0, 0, 5)).toBe(0)
  })
})
