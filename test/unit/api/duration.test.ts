import { expect, test } from "vitest"
import { parseDuration } from "../../../src/api/duration.ts"

test.each([
  ["12h", 43_200_000],
  ["1h30m5s", 5_405_000],
  ["90s", 90_000],
  ["0s", 0],
  ["", undefined],
  ["1.5h", undefined],
  ["30m1h", undefined],
  [" 1h", undefined],
  ["1h\n", undefined],
])("%j", (text, milliseconds) => expect(parseDuration(text)).toBe(milliseconds))
