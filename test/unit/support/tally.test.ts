import { expect, test } from "vitest"
import { summary, tally } from "../../support/tally.ts"

const report = (...files: [status: string, ...tests: string[]][]) =>
  JSON.stringify({
    testResults: files.map(([status, ...tests]) => ({
      status,
      assertionResults: tests.map((test) => ({ status: test })),
    })),
  })

test.each([
  ["all passed", report(["passed", "passed", "passed"]), 0, "2 passed, 0 failed, 0 skipped"],
  ["one failed", report(["failed", "passed", "failed"]), 1, "1 passed, 1 failed, 0 skipped"],
  ["skipped and todo", report(["passed", "passed", "skipped", "pending", "todo"]), 0, "1 passed, 0 failed, 3 skipped"],
  ["a file that does not load", report(["failed"], ["passed", "passed"]), 1, "1 passed, 1 failed, 0 skipped"],
  ["a hook that fails after its tests", report(["failed", "passed"]), 1, "1 passed, 1 failed, 0 skipped"],
  ["an error outside of any test", report(["passed", "passed"]), 1, "1 passed, 1 failed, 0 skipped"],
  ["no tests at all", report(), 0, "0 passed, 1 failed, 0 skipped"],
  ["no report", undefined, 0, "0 passed, 1 failed, 0 skipped"],
  ["half a report", '{"testResults": [', 0, "0 passed, 1 failed, 0 skipped"],
])("%s", (_, json, exitCode, line) => {
  expect(summary(tally(json, exitCode))).toBe(line)
})
