import * as fc from "fast-check"

/** What fast-check has to say against a property: the smallest counterexample, or undefined when it holds. */
export function counterexample<T>(property: fc.IProperty<T>, runs = 200): string | undefined {
  return fc.defaultReportMessage(fc.check(property, { numRuns: runs }))
}
