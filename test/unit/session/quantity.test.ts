import * as fc from "fast-check"
import { expect, test } from "vitest"
import { formatQuantity, parseQuantity } from "../../../src/session/quantity.ts"

const nano = 10n ** 9n

test.each([
  ["0", 0n],
  ["64", 64n * nano],
  ["500m", nano / 2n],
  ["0.5", nano / 2n],
  [".5", nano / 2n],
  ["5.", 5n * nano],
  ["+1k", 1000n * nano],
  ["1.5Gi", 1536n * 2n ** 20n * nano],
  ["1M", 10n ** 6n * nano],
  ["2Ei", 2n ** 61n * nano],
  ["1E", 10n ** 18n * nano],
  ["1e3", 1000n * nano],
  ["1E3", 1000n * nano],
  ["12e-3", 12_000_000n],
  ["7u", 7000n],
  ["3n", 3n],
  ["0.1n", 1n],
])("%s", (text, nanos) => expect(parseQuantity(text)).toBe(nanos))

test.each(["", "Gi", "1 Gi", "1gi", "1KI", "-1", "1e", "1ee3", "0x10", "1e999999999", "Infinity", "1Gi\n"])(
  "%j is no quantity",
  (text) => expect(parseQuantity(text)).toBeUndefined(),
)

test.each([
  ["1472Mi", "bytes", "1472Mi"],
  ["10240Mi", "bytes", "10Gi"],
  ["1000", "bytes", "1000"],
  ["0", "bytes", "0"],
  ["0.5", "bytes", "1"],
  ["2", "number", "2"],
  ["150m", "number", "150m"],
  ["1u", "number", "1m"],
] as const)("%s as %s is written %s", (text, unit, written) => {
  expect(formatQuantity(parseQuantity(text) ?? -1n, unit)).toBe(written)
})

test("whole numbers are written as what they are read from", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 63n }), fc.constantFrom("bytes", "number"), (number, unit) => {
      expect(parseQuantity(formatQuantity(number * nano, unit))).toBe(number * nano)
    }),
  )
})
