import { expect, test } from "vitest"
import { type CopyResult, fitResult, parseResult } from "../../../src/control/copy-result.ts"

const failure = (at: number) => ({ path: `/data/${"ü".repeat(100)}/${at}`, reason: "AccessDenied" as const })
const result: CopyResult = {
  reason: "CopyIncomplete",
  message: "30 of the files were not copied.",
  files: 1,
  bytes: 2,
  skipped: 3,
  failed: 30,
  failures: Array.from({ length: 30 }, (_, at) => failure(at)),
}

test("a result is cut to what the kubelet keeps, and read as it was", () => {
  const fitted = fitResult(result, 4096)
  const text = JSON.stringify(fitted)
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096)
  expect(fitted.failures.length).toBeGreaterThan(10)
  expect(fitted.failed).toBe(30)
  expect(parseResult(text)).toEqual(fitted)
})

test.each([
  ["nothing", undefined],
  ["the end of a log", "Killed"],
  ["half of it", JSON.stringify(result).slice(0, 50)],
  ["something else", "{}"],
])("%s is no result", (_, text) => {
  expect(parseResult(text)).toBeUndefined()
})

test("what a process says that never began has no counts", () => {
  expect(parseResult('{"reason":"UsageError","message":"no"}')).toMatchObject({ reason: "UsageError", files: 0 })
})
