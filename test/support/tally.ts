import { z } from "zod"

/** How many tests ended how. */
export interface Tally {
  passed: number
  failed: number
  skipped: number
}

const file = z.object({ status: z.string(), assertionResults: z.array(z.object({ status: z.string() })) })
const report = z.object({ testResults: z.array(file) })

/**
 * Counts one vitest run from its JSON report. A file that could not be loaded has no tests to fail, and an error outside
 * of any test fails the run only by its exit code: both count as one failure, as does a report that is absent or unreadable.
 */
export function tally(json: string | undefined, exitCode: number): Tally {
  const parsed = report.safeParse(parse(json))
  if (!parsed.success) return { passed: 0, failed: 1, skipped: 0 }
  const count: Tally = { passed: 0, failed: 0, skipped: 0 }
  for (const { status, assertionResults } of parsed.data.testResults) {
    for (const test of assertionResults) count[bucket(test.status)]++
    if (status === "failed" && assertionResults.every((test) => bucket(test.status) !== "failed")) count.failed++
  }
  if (count.passed + count.failed + count.skipped === 0 || (exitCode !== 0 && count.failed === 0)) count.failed++
  return count
}

export function add(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }
}

/** The last line of `npm test`. */
export function summary({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}

function bucket(status: string): keyof Tally {
  return status === "passed" || status === "failed" ? status : "skipped"
}

function parse(json: string | undefined): unknown {
  try {
    return json === undefined ? undefined : JSON.parse(json)
  } catch {
    return undefined
  }
}
